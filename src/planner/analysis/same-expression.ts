import type { CallArgument, Expression, Identifier, TypeName } from '../../parser/ast.js';

type ColumnExpression = Expression & { readonly kind: 'column' };

/**
 * Whether two expressions are written the same, spans and the spelling of quotes aside. Columns are compared by
 * `sameColumn`; by default as written, so that `X` and `S.X` differ.
 */
export function sameExpression(
  a: CallArgument,
  b: CallArgument,
  sameColumn: (a: ColumnExpression, b: ColumnExpression) => boolean = sameWritten,
): boolean {
  const same = (x: CallArgument, y: CallArgument): boolean => sameExpression(x, y, sameColumn);
  const all = (xs: readonly CallArgument[], ys: readonly CallArgument[]): boolean =>
    xs.length === ys.length && xs.every((x, i) => same(x, ys[i]!));
  const both = (x: Expression | null, y: Expression | null): boolean =>
    x === null || y === null ? x === y : same(x, y);
  switch (a.kind) {
    case 'null':
      return b.kind === 'null';
    case 'boolean':
    case 'integer':
    case 'string':
      return b.kind === a.kind && b.value === a.value;
    case 'double':
      return b.kind === 'double' && Object.is(b.value, a.value);
    case 'decimal':
      return b.kind === 'decimal' && b.text === a.text;
    case 'column':
      return b.kind === 'column' && sameColumn(a, b);
    case 'sign':
      return b.kind === 'sign' && b.operator === a.operator && same(a.operand, b.operand);
    case 'arithmetic':
    case 'comparison':
    case 'logical':
      return b.kind === a.kind && b.operator === a.operator && same(a.left, b.left) && same(a.right, b.right);
    case 'concat':
      return b.kind === 'concat' && same(a.left, b.left) && same(a.right, b.right);
    case 'atTimeZone':
      return b.kind === 'atTimeZone' && b.zone === a.zone && same(a.operand, b.operand);
    case 'not':
      return b.kind === 'not' && same(a.operand, b.operand);
    case 'isNull':
      return b.kind === 'isNull' && b.negated === a.negated && same(a.operand, b.operand);
    case 'between':
      return (
        b.kind === 'between' && b.negated === a.negated && all([a.operand, a.low, a.high], [b.operand, b.low, b.high])
      );
    case 'in':
      return b.kind === 'in' && b.negated === a.negated && same(a.operand, b.operand) && all(a.items, b.items);
    case 'like':
      return (
        b.kind === 'like' &&
        b.negated === a.negated &&
        b.escape === a.escape &&
        same(a.operand, b.operand) &&
        same(a.pattern, b.pattern)
      );
    case 'case':
      return (
        b.kind === 'case' &&
        both(a.operand, b.operand) &&
        both(a.otherwise, b.otherwise) &&
        all(
          a.branches.flatMap((x) => [x.when, x.then]),
          b.branches.flatMap((x) => [x.when, x.then]),
        )
      );
    case 'cast':
      return b.kind === 'cast' && same(a.operand, b.operand) && sameTypeName(a.type, b.type);
    case 'subscript':
      return b.kind === 'subscript' && same(a.operand, b.operand) && same(a.index, b.index);
    case 'dereference':
      return b.kind === 'dereference' && b.field.name === a.field.name && same(a.operand, b.operand);
    case 'call':
      return (
        b.kind === 'call' &&
        b.name.name.toUpperCase() === a.name.name.toUpperCase() &&
        b.star === a.star &&
        all(a.arguments, b.arguments)
      );
    case 'arrayConstructor':
      return b.kind === 'arrayConstructor' && all(a.elements, b.elements);
    case 'mapConstructor':
      return (
        b.kind === 'mapConstructor' &&
        all(
          a.entries.flatMap((x) => [x.key, x.value]),
          b.entries.flatMap((x) => [x.key, x.value]),
        )
      );
    case 'structConstructor':
      return (
        b.kind === 'structConstructor' &&
        sameNames(
          a.fields.map((f) => f.name),
          b.fields.map((f) => f.name),
        ) &&
        all(
          a.fields.map((f) => f.value),
          b.fields.map((f) => f.value),
        )
      );
    case 'lambda':
      return b.kind === 'lambda' && sameNames(a.parameters, b.parameters) && same(a.body, b.body);
    case 'intervalUnit':
      return b.kind === 'intervalUnit' && b.unit === a.unit;
  }
}

function sameWritten(a: ColumnExpression, b: ColumnExpression): boolean {
  return a.source?.name === b.source?.name && a.name.name === b.name.name;
}

function sameNames(a: readonly Identifier[], b: readonly Identifier[]): boolean {
  return a.length === b.length && a.every((name, i) => name.name === b[i]!.name);
}

function sameTypeName(a: TypeName, b: TypeName): boolean {
  switch (a.kind) {
    case 'simpleType':
      return b.kind === 'simpleType' && a.name.name === b.name.name;
    case 'decimalType':
      return b.kind === 'decimalType' && a.precision === b.precision && a.scale === b.scale;
    case 'arrayType':
      return b.kind === 'arrayType' && sameTypeName(a.element, b.element);
    case 'mapType':
      return b.kind === 'mapType' && sameTypeName(a.key, b.key) && sameTypeName(a.value, b.value);
    case 'structType':
      return (
        b.kind === 'structType' &&
        a.fields.length === b.fields.length &&
        a.fields.every((f, i) => f.name.name === b.fields[i]!.name.name && sameTypeName(f.type, b.fields[i]!.type))
      );
  }
}
