/**
 * Which field of a schema serves each name: the one with exactly the name, else the first that differs in case only and serves no other name.
 * @returns positions in `fields`, -1 where there is none
 */
export function matchFields(names: readonly string[], fields: readonly string[]): number[] {
  const exact = new Map(fields.map((field, i) => [field, i]));
  const matches = names.map((name) => exact.get(name) ?? -1);
  const taken = new Set(matches);
  const upper = new Map<string, number[]>();
  for (const [i, field] of fields.entries()) {
    if (taken.has(i)) continue;
    const key = field.toUpperCase();
    const others = upper.get(key);
    if (others === undefined) upper.set(key, [i]);
    else others.push(i);
  }
  return names.map((name, i) => (matches[i]! >= 0 ? matches[i]! : (upper.get(name.toUpperCase())?.shift() ?? -1)));
}
