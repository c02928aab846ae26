import type { CallArgument, Expression, Identifier, TypeName } from '../../parser/ast.js';

type ColumnExpression = Expression & { readonly kind: 'column' };

/**
 * An expression as ksqlDB's messages and generated names print it: fully parenthesised, names without quotes where they
 * need none, `null` and `true` in lower case: `((A + 1) > SUBSTRING(NAME, 2))`.
 * @param columnText how a column prints; default is as written
 */
export function expressionText(e: CallArgument, columnText: (column: ColumnExpression) => string = written): string {
  const text = (x: CallArgument): string => expressionText(x, columnText);
  const list = (xs: readonly CallArgument[]): string => xs.map(text).join(', ');
  switch (e.kind) {
    case 'null':
      return 'null';
    case 'boolean':
    case 'integer':
      return String(e.value);
    case 'decimal':
      return e.text.replace(/^(-?)\./, '$10.').replace(/\.$/, '');
    case 'double':
      return e.value
        .toExponential()
        .replace('e+', 'E')
        .replace('e', 'E')
        .replace(/^(-?\d)E/, '$1.0E');
    case 'string':
      return `'${e.value.replaceAll("'", "''")}'`;
    case 'column':
      return columnText(e);
    case 'sign':
      return `${e.operator}${text(e.operand)}`;
    case 'arithmetic':
    case 'comparison':
    case 'logical':
      return `(${text(e.left)} ${e.operator} ${text(e.right)})`;
    case 'concat':
      return `CONCAT(${text(e.left)}, ${text(e.right)})`;
    case 'atTimeZone':
      return `(${text(e.operand)} AT TIME ZONE '${e.zone}')`;
    case 'not':
      return `(NOT ${text(e.operand)})`;
    case 'isNull':
      return `(${text(e.operand)} IS ${e.negated ? 'NOT NULL' : 'NULL'})`;
    case 'between': {
      const between = `(${text(e.operand)} BETWEEN ${text(e.low)} AND ${text(e.high)})`;
      return e.negated ? `(NOT ${between})` : between;
    }
    case 'in': {
      const within = `(${text(e.operand)} IN (${list(e.items)}))`;
      return e.negated ? `(NOT ${within})` : within;
    }
    case 'like': {
      const suffix = e.escape === null ? '' : ` ESCAPE '${e.escape}'`;
      const like = `(${text(e.operand)} LIKE ${text(e.pattern)}${suffix})`;
      return e.negated ? `(NOT ${like})` : like;
    }
    case 'case': {
      const operand = e.operand === null ? '' : ` ${text(e.operand)}`;
      const branches = e.branches.map((b) => ` WHEN ${text(b.when)} THEN ${text(b.then)}`).join('');
      const otherwise = e.otherwise === null ? '' : ` ELSE ${text(e.otherwise)}`;
      return `(CASE${operand}${branches}${otherwise} END)`;
    }
    case 'cast':
      return `CAST(${text(e.operand)} AS ${typeNameText(e.type)})`;
    case 'subscript':
      return `${text(e.operand)}[${text(e.index)}]`;
    case 'dereference':
      return `${text(e.operand)}->${nameText(e.field)}`;
    case 'call':
      return `${e.name.name.toUpperCase()}(${e.star ? '*' : list(e.arguments)})`;
    case 'arrayConstructor':
      return `ARRAY[${list(e.elements)}]`;
    case 'mapConstructor':
      return `MAP(${e.entries.map((entry) => `${text(entry.key)}:=${text(entry.value)}`).join(', ')})`;
    case 'structConstructor':
      return `STRUCT(${e.fields.map((f) => `${nameText(f.name)}:=${text(f.value)}`).join(', ')})`;
    case 'lambda': {
      const names = e.parameters.map((p) => p.name);
      return `${names.length === 1 ? names[0] : `(${names.join(', ')})`} => ${text(e.body)}`;
    }
    case 'intervalUnit':
      return e.unit;
  }
}

function written(column: ColumnExpression): string {
  return column.source === null ? nameText(column.name) : `${nameText(column.source)}.${nameText(column.name)}`;
}

const PLAIN_NAME = /^[A-Z_][A-Z0-9_@]*$/;

/** The name, in back-ticks where it would not read back as it is. */
export function nameText(name: Identifier): string {
  return PLAIN_NAME.test(name.name) ? name.name : `\`${name.name.replaceAll('`', '``')}\``;
}

function typeNameText(type: TypeName): string {
  switch (type.kind) {
    case 'simpleType': {
      const name = type.name.name.toUpperCase();
      return name === 'INT' ? 'INTEGER' : name === 'VARCHAR' ? 'STRING' : nameText(type.name);
    }
    case 'decimalType':
      return `DECIMAL(${type.precision}, ${type.scale})`;
    case 'arrayType':
      return `ARRAY<${typeNameText(type.element)}>`;
    case 'mapType':
      return `MAP<${typeNameText(type.key)}, ${typeNameText(type.value)}>`;
    case 'structType':
      return `STRUCT<${type.fields.map((f) => `${nameText(f.name)} ${typeNameText(f.type)}`).join(', ')}>`;
  }
}
