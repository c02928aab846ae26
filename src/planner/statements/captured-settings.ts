import type { PlanningContext } from '../planning-context.js';

/** Settings that change what a running query computes: captured when it is created, so that later changes do not touch it. */
const CAPTURED = [
  'ksql.nested.error.set.null',
  'ksql.cast.strings.preserve.nulls',
  'ksql.timestamp.throw.on.invalid',
  'ksql.fail.on.deserialization.error',
  'ksql.functions.collect_list.limit',
  'ksql.functions.collect_set.limit',
] as const;

export function capturedSettings(context: PlanningContext): Readonly<Record<string, string>> {
  const settings: Record<string, string> = {};
  for (const name of CAPTURED) {
    const value = context.setting(name);
    if (value !== null) settings[name] = value;
  }
  if (context.dialect === 'ksqldb') settings['millrace.dialect'] = context.dialect;
  return settings;
}
