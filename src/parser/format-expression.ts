import { unreachable } from '../model/errors.js';
import type { CallArgument, Expression, Identifier, Literal, TypeName } from './ast.js';
import { isReserved } from './tokens.js';

export interface FormatOptions {
  /** Put every name in back-ticks, whether it needs them or not. */
  readonly quoteNames?: boolean;
}

/**
 * An expression as ksqlDB's messages print it: operators in brackets, names without quotes where they need none.
 * Parsing the text gives the same tree.
 */
export function formatExpression(expression: Expression, options: FormatOptions = {}): string {
  return new ExpressionFormatter(options).expression(expression);
}

/** A type as written: `DECIMAL(4, 2)`, `ARRAY<STRING>`. */
export function formatTypeName(type: TypeName, options: FormatOptions = {}): string {
  return new ExpressionFormatter(options).type(type);
}

/** A name, in back-ticks unless it reads the same without. */
export function formatIdentifier(name: string, options: FormatOptions = {}): string {
  const plain = options.quoteNames !== true && PLAIN_NAME.test(name) && !isReserved(name);
  return plain ? name : quoteIdentifier(name);
}

export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

export function formatString(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

export function formatLiteral(literal: Literal): string {
  switch (literal.kind) {
    case 'null':
      return 'null';
    case 'boolean':
      return String(literal.value);
    case 'integer':
      return String(literal.value);
    case 'decimal':
      return literal.text.includes('.') ? literal.text : `DECIMAL ${formatString(literal.text)}`;
    case 'double':
      return formatDouble(literal.value);
    case 'string':
      return formatString(literal.value);
    default:
      return unreachable(literal);
  }
}

const PLAIN_NAME = /^[A-Z_][A-Z0-9_@]*$/;

/** A minus right before a number would become part of it. */
const STARTS_WITH_NUMBER = /^[0-9.]/;

/** The words that mean a unit of time as a bare argument. */
const UNIT_WORD = /^(DAY|HOUR|MINUTE|SECOND)$/;

/** With an exponent, because that is what makes a number a DOUBLE: `1.5E0`. */
function formatDouble(value: number): string {
  if (Object.is(value, -0)) return '-0E0';
  return value.toExponential().replace('e+', 'E').replace('e', 'E');
}

export class ExpressionFormatter {
  readonly #options: FormatOptions;

  constructor(options: FormatOptions) {
    this.#options = options;
  }

  name(identifier: Identifier): string {
    return formatIdentifier(identifier.name, this.#options);
  }

  type(type: TypeName): string {
    switch (type.kind) {
      case 'simpleType':
        // Names of types are no columns: quoting them all would only make the text harder to read.
        return formatIdentifier(type.name.name);
      case 'decimalType':
        return `DECIMAL(${type.precision}, ${type.scale})`;
      case 'arrayType':
        return `ARRAY<${this.type(type.element)}>`;
      case 'mapType':
        return `MAP<${this.type(type.key)}, ${this.type(type.value)}>`;
      case 'structType':
        return `STRUCT<${type.fields.map((field) => `${this.name(field.name)} ${this.type(field.type)}`).join(', ')}>`;
      default:
        return unreachable(type);
    }
  }

  list(expressions: readonly Expression[]): string {
    return expressions.map((expression) => this.expression(expression)).join(', ');
  }

  expression(e: Expression): string {
    switch (e.kind) {
      case 'null':
      case 'boolean':
      case 'integer':
      case 'decimal':
      case 'double':
      case 'string':
        return formatLiteral(e);
      case 'column':
        return e.source === null ? this.name(e.name) : `${this.name(e.source)}.${this.name(e.name)}`;
      case 'sign':
        return this.#sign(e.operator, e.operand);
      case 'arithmetic':
      case 'comparison':
      case 'logical':
        return `(${this.expression(e.left)} ${e.operator} ${this.expression(e.right)})`;
      case 'concat':
        return `(${this.expression(e.left)} || ${this.expression(e.right)})`;
      case 'atTimeZone':
        return `${this.#base(e.operand)} AT TIME ZONE ${formatString(e.zone)}`;
      case 'not':
        return `(NOT ${this.expression(e.operand)})`;
      case 'isNull':
        return `(${this.expression(e.operand)} IS ${not(e.negated)}NULL)`;
      case 'between': {
        const range = `${this.expression(e.low)} AND ${this.expression(e.high)}`;
        return `(${this.expression(e.operand)} ${not(e.negated)}BETWEEN ${range})`;
      }
      case 'in':
        return `(${this.expression(e.operand)} ${not(e.negated)}IN (${this.list(e.items)}))`;
      case 'like': {
        const escaping = e.escape === null ? '' : ` ESCAPE ${formatString(e.escape)}`;
        return `(${this.expression(e.operand)} ${not(e.negated)}LIKE ${this.expression(e.pattern)}${escaping})`;
      }
      case 'case':
        return this.#case(e);
      case 'cast':
        return `CAST(${this.expression(e.operand)} AS ${this.type(e.type)})`;
      case 'subscript':
        return `${this.#base(e.operand)}[${this.expression(e.index)}]`;
      case 'dereference':
        return `${this.#base(e.operand)}->${this.name(e.field)}`;
      case 'call':
        return this.#call(e);
      case 'arrayConstructor':
        return `ARRAY[${this.list(e.elements)}]`;
      case 'mapConstructor':
        return `MAP(${e.entries.map((x) => `${this.expression(x.key)}:=${this.expression(x.value)}`).join(', ')})`;
      case 'structConstructor':
        return `STRUCT(${e.fields.map((x) => `${this.name(x.name)}:=${this.expression(x.value)}`).join(', ')})`;
      default:
        return unreachable(e);
    }
  }

  /** Keeps a sign apart from a number or from another sign, with which it would read as one token. */
  #sign(operator: '-' | '+', operand: Expression): string {
    const text = this.expression(operand);
    if (operator === '-' && text.startsWith('-')) return `- ${text}`;
    return operator === '-' && STARTS_WITH_NUMBER.test(text) ? `-(${text})` : `${operator}${text}`;
  }

  /** What `->`, `[` and AT TIME ZONE follow: they bind more tightly than a sign. */
  #base(operand: Expression): string {
    const text = this.expression(operand);
    if (operand.kind === 'sign' || operand.kind === 'atTimeZone') return `(${text})`;
    return text === 'ARRAY' ? quoteIdentifier(text) : text;
  }

  #case(e: Expression & { kind: 'case' }): string {
    const operand = e.operand === null ? '' : ` ${this.expression(e.operand)}`;
    const branches = e.branches.map((b) => ` WHEN ${this.expression(b.when)} THEN ${this.expression(b.then)}`).join('');
    const otherwise = e.otherwise === null ? '' : ` ELSE ${this.expression(e.otherwise)}`;
    return `(CASE${operand}${branches}${otherwise} END)`;
  }

  /** Functions print their plain names even where all names are quoted, as ksqlDB does. */
  #call(e: Expression & { kind: 'call' }): string {
    const word = e.name.name;
    const name = word === 'MAP' || word === 'STRUCT' ? quoteIdentifier(word) : formatIdentifier(word);
    return `${name}(${e.star ? '*' : e.arguments.map((argument) => this.argument(argument)).join(', ')})`;
  }

  argument(argument: CallArgument): string {
    switch (argument.kind) {
      case 'lambda': {
        const names = argument.parameters.map((parameter) => this.name(parameter));
        const parameters = names.length === 1 ? names[0] : `(${names.join(', ')})`;
        return `${parameters} => ${this.expression(argument.body)}`;
      }
      case 'intervalUnit':
        return argument.name.name;
      case 'column':
        if (argument.source === null && UNIT_WORD.test(argument.name.name)) return quoteIdentifier(argument.name.name);
        return this.expression(argument);
      default:
        return this.expression(argument);
    }
  }
}

function not(negated: boolean): string {
  return negated ? 'NOT ' : '';
}
