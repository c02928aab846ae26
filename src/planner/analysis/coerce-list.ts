import { castFunction } from '../../model/cast.js';
import { formatDecimal } from '../../model/decimal.js';
import { javaTrim } from '../../model/double-text.js';
import { literalValue } from '../../model/literal-text.js';
import {
  arrayType,
  BIGINT,
  formatType,
  INTEGER,
  isNumeric,
  mapType,
  type SqlType,
  STRING,
  type StructField,
  sameType,
  structType,
} from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import { valueText } from '../../model/value-text.js';
import type { BoundExpression } from '../expression.js';
import { castTo } from './cast-to.js';
import { becomesFromString, commonNumericType, commonType } from './common-type.js';
import { boundLiteral, parseDecimalText, type TypedValue } from './literals.js';

type BoundLiteral = BoundExpression & { readonly kind: 'literal' };

/** What cannot stand in one list, in ksqlDB's words. */
export class CoercionError extends Error {}

/** One entry of ARRAY[], MAP() or IN (): the expression, and how messages print it. */
export interface ListItem {
  readonly expression: BoundExpression;
  readonly text: () => string;
}

/**
 * Brings the entries of a list to one type, folding from left to right. Expressions widen strictly ({@link commonType});
 * literals, also those inside constructors, are taken loosely: any literal becomes text beside text, text that reads as a
 * number or a boolean becomes one beside such.
 * @returns null for the type when there is nothing but bare NULLs
 * @throws CoercionError `operator does not exist: ...`, `invalid input syntax for type ...`
 */
export function coerceList(items: readonly ListItem[]): { type: SqlType | null; expressions: BoundExpression[] } {
  let type: SqlType | null = null;
  for (const item of items) {
    if (item.expression.type.kind === 'NULL') continue;
    type = type === null ? item.expression.type : widen(item, type);
  }
  if (type === null) return { type, expressions: items.map((item) => item.expression) };
  const common = type;
  return { type, expressions: items.map((item) => convert(item.expression, common)) };
}

function widen(item: ListItem, target: SqlType): SqlType {
  const wider = widerFor(item.expression, target);
  if (wider !== null) return wider;
  throw new CoercionError(
    `operator does not exist: ${formatType(target)} = ${formatType(item.expression.type)} (${item.text()})\n` +
      'Hint: You might need to add explicit type casts.',
  );
}

/** The type that holds both the expression and values of `target`; null when there is none. */
function widerFor(e: BoundExpression, target: SqlType): SqlType | null {
  if (e.type.kind === 'NULL' || sameType(e.type, target)) return target;
  if (e.kind === 'literal') return widerForLiteral(e, target);
  if (e.kind === 'array' && target.kind === 'ARRAY') {
    const element = foldWider(e.elements, target.element);
    return element && arrayType(element);
  }
  if (e.kind === 'map' && target.kind === 'MAP') {
    const key = foldWider(
      e.entries.map((entry) => entry.key),
      target.key,
    );
    const value = foldWider(
      e.entries.map((entry) => entry.value),
      target.value,
    );
    return key && value && mapType(key, value);
  }
  if (e.kind === 'struct' && e.type.kind === 'STRUCT' && target.kind === 'STRUCT')
    return widerForStruct(e, e.type.fields, target);
  return commonType(target, e.type);
}

function foldWider(expressions: readonly BoundExpression[], target: SqlType): SqlType | null {
  let type: SqlType | null = target;
  for (const e of expressions) type = type && widerFor(e, type);
  return type;
}

function widerForStruct(
  e: BoundExpression & { kind: 'struct' },
  fields: readonly StructField[],
  target: SqlType & { kind: 'STRUCT' },
): SqlType | null {
  const result: StructField[] = [];
  for (const field of target.fields) {
    const position = fields.findIndex((f) => f.name === field.name);
    const type = position < 0 ? field.type : widerFor(e.fields[position]!, field.type);
    if (type === null) return null;
    result.push({ name: field.name, type });
  }
  return structType([...result, ...fields.filter((f) => !target.fields.some((t) => t.name === f.name))]);
}

function widerForLiteral(literal: BoundLiteral, target: SqlType): SqlType | null {
  if (target.kind === 'STRING') return isScalar(literal.type) ? STRING : null;
  if (literal.type.kind !== 'STRING') return commonType(target, literal.type);
  if (becomesFromString(target)) return target;
  const text = literal.value!;
  if (isNumeric(target)) {
    const number = numberOf(text);
    if (number === null) throw invalidSyntax(target, text);
    return commonNumericType(target, number.type);
  }
  if (target.kind === 'BOOLEAN') {
    if (booleanOf(text) === null) throw invalidSyntax(target, text);
    return target;
  }
  return null;
}

function invalidSyntax(type: SqlType, text: string): CoercionError {
  return new CoercionError(`invalid input syntax for type ${type.kind}: "${text}".`);
}

/** The expression as `target`, which {@link widerFor} found; loose conversions happen here, on literals. */
function convert(e: BoundExpression, target: SqlType): BoundExpression {
  if (sameType(e.type, target)) return e;
  if (e.kind === 'literal') return convertLiteral(e, target);
  if (e.kind === 'array' && target.kind === 'ARRAY') {
    return { kind: 'array', type: target, elements: e.elements.map((x) => convert(x, target.element)) };
  }
  if (e.kind === 'map' && target.kind === 'MAP') {
    const entries = e.entries.map((x) => ({ key: convert(x.key, target.key), value: convert(x.value, target.value) }));
    return { kind: 'map', type: target, entries };
  }
  if (e.kind === 'struct' && e.type.kind === 'STRUCT' && target.kind === 'STRUCT') {
    const own = e.type.fields;
    const fields = target.fields.map((field) => {
      const position = own.findIndex((f) => f.name === field.name);
      return position < 0 ? boundLiteral(field.type, null) : convert(e.fields[position]!, field.type);
    });
    return { kind: 'struct', type: target, fields };
  }
  return castTo(e, target, 'explicit');
}

function convertLiteral(literal: BoundLiteral, target: SqlType): BoundExpression {
  const value = literalValue(literal.type, literal.value);
  if (value === null) return boundLiteral(target, null);
  if (target.kind === 'STRING') return boundLiteral(target, looseText(literal.type, value));
  if (literal.type.kind === 'STRING') {
    if (target.kind === 'BOOLEAN') return boundLiteral(target, booleanOf(value as string));
    if (isNumeric(target)) {
      const number = numberOf(value as string)!;
      return boundLiteral(target, castValue(number.value, number.type, target));
    }
    return castTo(literal, target, 'explicit');
  }
  return boundLiteral(target, castValue(value, literal.type, target));
}

function castValue(value: SqlValue, from: SqlType, to: SqlType): SqlValue {
  return castFunction(from, to)!(value as never);
}

function looseText(type: SqlType, value: SqlValue): string {
  return type.kind === 'DECIMAL' ? formatDecimal(value as bigint, type.scale) : valueText(type, value);
}

/** The number that text holds, exactly; null when it holds none. */
function numberOf(text: string): TypedValue | null {
  const typed = parseDecimalText(javaTrim(text));
  if (typed === null || /[.eE]/.test(text)) return typed;
  const value = typed.value as bigint;
  if (BigInt.asIntN(32, value) === value) return { type: INTEGER, value: Number(value) };
  if (BigInt.asIntN(64, value) === value) return { type: BIGINT, value: castValue(value, typed.type, BIGINT) };
  return typed;
}

/** A non-empty beginning of true, yes, false or no; null for other text. */
function booleanOf(text: string): boolean | null {
  const word = javaTrim(text).toLowerCase();
  if (word.length === 0) return null;
  if ('true'.startsWith(word) || 'yes'.startsWith(word)) return true;
  return 'false'.startsWith(word) || 'no'.startsWith(word) ? false : null;
}

function isScalar(type: SqlType): boolean {
  return type.kind !== 'ARRAY' && type.kind !== 'MAP' && type.kind !== 'STRUCT';
}
