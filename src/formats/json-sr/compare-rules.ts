import { compareDecimals, type Decimal, parseDecimal } from '../../model/decimal.js';
import type { Changes } from './schema-changes.js';
import type { SchemaPlace } from './schema-node.js';

/** Whether values must be at least or at most so great. */
export type Bound = 'least' | 'most';

/** Reports a bound that is new or closer than it was. Bounds are numbers as JSON spells them. */
export function compareBound(
  changes: Changes,
  path: string,
  bound: Bound,
  name: string,
  writer: string | null,
  reader: string | null,
): void {
  if (reader === null || writer === reader) return;
  const now = parseDecimal(reader);
  const before = writer === null ? null : parseDecimal(writer);
  if (now === null) return;
  if (before === null) {
    changes.report(path, `${name}_ADDED`, `values must be at ${bound} ${reader} now`);
    return;
  }
  const order = compareDecimals(now, before);
  if (order === 0 || order > 0 === (bound === 'most')) return;
  const change = bound === 'most' ? 'DECREASED' : 'INCREASED';
  changes.report(path, `${name}_${change}`, `values must be at ${bound} ${reader} now, not ${writer}`);
}

/** Why numbers that were multiples of one may be none of the other; null when all are. */
export function multipleOfChange(writer: string | null, reader: string | null): string | null {
  if (reader === null || writer === reader) return null;
  if (writer === null) return 'MULTIPLE_OF_ADDED';
  const [before, now] = [parseDecimal(writer), parseDecimal(reader)];
  if (before === null || now === null || isMultiple(before, now)) return null;
  return isMultiple(now, before) ? 'MULTIPLE_OF_EXPANDED' : 'MULTIPLE_OF_CHANGED';
}

function isMultiple(number: Decimal, of: Decimal): boolean {
  const scale = Math.max(number.scale, of.scale);
  const divisor = atScale(of, scale);
  return divisor !== 0n && atScale(number, scale) % divisor === 0n;
}

function atScale(decimal: Decimal, scale: number): bigint {
  return decimal.unscaled * 10n ** BigInt(scale - decimal.scale);
}

/** Reports a rule for other properties, or for items past a tuple, that is new or closer than it was. */
export function compareAdditional(
  changes: Changes,
  path: string,
  what: 'PROPERTIES' | 'ITEMS',
  writer: boolean | SchemaPlace,
  reader: boolean | SchemaPlace,
): void {
  if (reader === true) return;
  const place = `${path}/additional${what === 'PROPERTIES' ? 'Properties' : 'Items'}`;
  if (reader === false) {
    if (writer !== false) changes.report(place, `ADDITIONAL_${what}_REMOVED`, 'others must not be there now');
  } else if (writer === true) {
    changes.report(place, `ADDITIONAL_${what}_NARROWED`, 'there is a rule for others now');
  } else if (writer !== false) {
    changes.within(place, writer, reader);
  }
}
