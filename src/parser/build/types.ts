import type { IToken } from 'chevrotain';
import type { SourceSpan } from '../../model/source-span.js';
import type { Identifier, TypeName } from '../ast.js';
import { spanOfToken } from '../scanner.js';
import { BuildError } from './build-error.js';
import { integerFor, numberLiteral } from './literals.js';

/** Other spellings of primitive types, and what messages call them. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['VARCHAR', 'STRING'],
  ['INT', 'INTEGER'],
]);

/** A type by name; `INT` and `VARCHAR` become what ksqlDB prints for them. */
export function simpleType(name: Identifier, span: SourceSpan): TypeName {
  const canonical = name.quoted ? undefined : ALIASES.get(name.name);
  return { kind: 'simpleType', name: canonical === undefined ? name : { ...name, name: canonical }, span };
}

/** `DECIMAL(p, s)` with ksqlDB's checks. */
export function decimalType(precisionToken: IToken, scaleToken: IToken, span: SourceSpan): TypeName {
  const precision = integerFor('DECIMAL(PRECISION)', numberLiteral(precisionToken, false, spanOfToken(precisionToken)));
  const scale = integerFor('DECIMAL(SCALE)', numberLiteral(scaleToken, false, spanOfToken(scaleToken)));
  const shown = `DECIMAL(${precision},${scale})`;
  if (precision < 1n) throw new BuildError('invalid-type', `DECIMAL precision must be >= 1: ${shown}`, span);
  if (precision < scale) throw new BuildError('invalid-type', `DECIMAL precision must be >= scale: ${shown}`, span);
  if (precision > 2_147_483_647n)
    throw new BuildError('invalid-type', `DECIMAL precision is out of range: ${shown}`, span);
  return { kind: 'decimalType', precision: Number(precision), scale: Number(scale), span };
}
