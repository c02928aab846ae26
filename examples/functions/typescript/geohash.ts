import { defineScalar } from 'millrace';

const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz';

/** Halves longitude and latitude in turns, five bits a letter. */
function geohash(latitude: number, longitude: number, length: number): string {
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) throw new Error('there is no such place on Earth');
  if (length < 1 || length > 12) throw new Error('a geohash has 1 to 12 letters');
  const ranges: [number, number][] = [
    [-180, 180],
    [-90, 90],
  ];
  const place = [longitude, latitude];
  let text = '';
  for (let bit = 0, bits = 0; text.length < length; bit++) {
    const axis = bit % 2;
    const range = ranges[axis]!;
    const middle = (range[0] + range[1]) / 2;
    const upper = place[axis]! >= middle;
    range[upper ? 0 : 1] = middle;
    bits = (bits << 1) | Number(upper);
    if (bit % 5 === 4) {
      text += ALPHABET[bits];
      bits = 0;
    }
  }
  return text;
}

export const GEOHASH = defineScalar({
  name: 'GEOHASH',
  description: 'The geohash of a place: places that are near each other begin with the same letters.',
  author: 'examples',
  variants: [
    { signature: '(latitude DOUBLE, longitude DOUBLE, length INT) -> STRING', nulls: 'propagate', evaluate: geohash },
  ],
});
