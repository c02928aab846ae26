import { CATEGORY, defineScalar, nullArgumentMessage, type ScalarDefinition } from '../define.js';

const EARTH_RADIUS_KM = 6371;
const EARTH_RADIUS_MILES = 3959;
const MILE_WORDS: ReadonlySet<string> = new Set(['mi', 'mile', 'miles']);
const KILOMETER_WORDS: ReadonlySet<string> = new Set(['km', 'kilometer', 'kilometers', 'kilometre', 'kilometres']);

function radiusOf(unit: string | null): number {
  const word = (unit ?? '').trim().toLowerCase();
  if (word === '' || KILOMETER_WORDS.has(word)) return EARTH_RADIUS_KM;
  if (MILE_WORDS.has(word)) return EARTH_RADIUS_MILES;
  throw new Error(
    `GeoDistance function units parameter must be one of: km, kilometer(s), mi, mile(s), but was '${word}'`,
  );
}

function toRadians(degrees: number): number {
  return (degrees / 180) * Math.PI;
}

function haversine(angle: number): number {
  const half = Math.sin(angle / 2);
  return half * half;
}

function distance(
  lat1: number | null,
  lon1: number | null,
  lat2: number | null,
  lon2: number | null,
  unit: string | null,
): number {
  if (lat1 === null || lon1 === null || lat2 === null || lon2 === null) {
    throw new Error(nullArgumentMessage([lat1, lon1, lat2, lon2].indexOf(null)));
  }
  if (!(Math.abs(lat1) <= 90 && Math.abs(lat2) <= 90)) {
    throw new Error('valid latitude values for GeoDistance function are in the range of -90 to 90 decimal degrees');
  }
  if (!(Math.abs(lon1) <= 180 && Math.abs(lon2) <= 180)) {
    throw new Error('valid longitude values for GeoDistance function are in the range of -180 to 180 decimal degrees');
  }
  const radius = radiusOf(unit);
  const latitude1 = toRadians(lat1);
  const latitude2 = toRadians(lat2);
  const share =
    haversine(toRadians(lat2 - lat1)) + haversine(toRadians(lon2 - lon1)) * Math.cos(latitude1) * Math.cos(latitude2);
  return 2 * Math.asin(Math.sqrt(share)) * radius;
}

const GEO_DISTANCE = defineScalar({
  name: 'GEO_DISTANCE',
  displayName: 'geo_distance',
  category: CATEGORY.mathematical,
  description:
    'The great-circle distance between two points in decimal degrees, in kilometres, or in miles with the unit MI.',
  examples: [{ sql: 'GEO_DISTANCE(0, 0, 0, 180)', result: '20015.086796020572' }],
  variants: [
    {
      signature: '(lat1 DOUBLE, lon1 DOUBLE, lat2 DOUBLE, lon2 DOUBLE) -> DOUBLE',
      nulls: 'fail',
      evaluate: (lat1: number, lon1: number, lat2: number, lon2: number) => distance(lat1, lon1, lat2, lon2, null),
    },
    {
      signature: '(lat1 DOUBLE, lon1 DOUBLE, lat2 DOUBLE, lon2 DOUBLE, units STRING) -> DOUBLE',
      nulls: 'pass',
      evaluate: distance,
    },
  ],
});

export const geoFunctions: readonly ScalarDefinition[] = [GEO_DISTANCE];
