import type { AggregateEnvironment } from '../define.js';

/** The greatest number of elements by a setting; unset or negative means no limit. */
export function collectionLimit(environment: AggregateEnvironment, setting: string): number {
  const text = environment.setting(setting);
  const limit = text === undefined ? -1 : Number(text);
  if (!Number.isInteger(limit)) throw new Error(`${setting} must be a whole number, but was '${text}'`);
  return limit < 0 ? Number.POSITIVE_INFINITY : limit;
}
