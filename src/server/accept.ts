/** Media types of the API. */
export const JSON_TYPE = 'application/json';
export const KSQL_V1_JSON = 'application/vnd.ksql.v1+json';
export const KSQL_V1_PROTOBUF = 'application/vnd.ksql.v1+protobuf';
export const DELIMITED = 'application/vnd.ksqlapi.delimited.v1';

/**
 * The offer that an `Accept` header likes best: by weight, then by the order of the header; a range takes the first offer it
 * covers, parameters other than `q` do not matter. The first offer is the default, for `*` and for a missing or blank header.
 *
 * @returns null when no offer is acceptable
 */
export function negotiate<T extends string>(accept: string | undefined, offers: readonly [T, ...T[]]): T | null {
  if (accept === undefined || accept.trim() === '') return offers[0];
  const ranges = accept.split(',').map(parseRange);
  ranges.sort((a, b) => b.weight - a.weight);
  for (const { range, weight } of ranges) {
    if (weight <= 0) continue;
    const offer = offers.find((type) => covers(range, type) && !isExcluded(ranges, type));
    if (offer !== undefined) return offer;
  }
  return null;
}

interface WeightedRange {
  /** `type/subtype`, lower case, either part may be `*`. */
  readonly range: string;
  readonly weight: number;
}

function parseRange(text: string): WeightedRange {
  const [range, ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => /^q\s*=/.test(parameter));
  const weight = quality === undefined ? 1 : Number(quality.slice(quality.indexOf('=') + 1));
  return { range: range!, weight: Number.isFinite(weight) ? weight : 1 };
}

function covers(range: string, type: string): boolean {
  if (range === '*/*' || range === '*') return true;
  if (range.endsWith('/*')) return type.startsWith(range.slice(0, -1));
  return range === type;
}

/** `type;q=0` forbids a type that a wildcard would have allowed. */
function isExcluded(ranges: readonly WeightedRange[], type: string): boolean {
  return ranges.some(({ range, weight }) => weight <= 0 && range === type);
}
