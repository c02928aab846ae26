import type { Random } from '../simulation/random.js';
import type { Bomb } from './damage.js';
import { anySize } from './varint.js';

/*
 * Bodies of JSON and CSV that are made to harm.
 */

const DEEP = 20_000;
const LONG = 20_000;
const COLUMNS = 30;

const member = (random: Random): string => `"${random.pick(['C', 'c', 'X'])}${random.below(COLUMNS)}"`;
const times = (random: Random, text: string, most = LONG): string => text.repeat(anySize(random, most));

function number(random: Random): string {
  const digit = String(random.below(10));
  switch (random.below(8)) {
    case 0:
      return times(random, digit);
    case 1:
      return `-${times(random, digit)}.${times(random, digit)}`;
    case 2:
      return `1e${times(random, '9', 400)}`;
    case 3:
      return `1E-${times(random, '9', 400)}`;
    case 4:
      return `1e${random.pick([308, 309, 9999, 19_999, 20_000, 20_001, 999_999_999, 2_147_483_648])}`;
    case 5:
      return `1e-${random.pick([308, 400, 9999, 19_999, 20_000, 20_001, 999_999_999, 2_147_483_648])}`;
    case 6:
      return `0.${times(random, '0')}1`;
    default:
      return random.pick([
        '-0',
        '0e9',
        '01',
        '-',
        '1.',
        '.5',
        '9223372036854775808',
        '-9223372036854775809',
        'NaN',
        '1e',
        '0x10',
      ]);
  }
}

const ESCAPES = ['\\u0000', '\\ud800', '\\udc00', '\\n', '\\"', '\\\\', '\\u00', '\\x', '\u0000', '\u00ff', '😀'];
const VALUES = [
  'null',
  'true',
  'false',
  '1',
  '"a"',
  '[]',
  '{}',
  '[null]',
  '{"key":"a","value":1}',
  '[{"key":null,"value":1}]',
];

/** A JSON value of every odd kind. */
function json(random: Random, depth = 0): string {
  const draw = random.below(10);
  if (draw < 4 || depth > 4) return random.pick(VALUES);
  if (draw < 5) return number(random).slice(0, 40);
  if (draw < 6) return `"${random.pick(ESCAPES)}${random.pick(ESCAPES)}"`;
  const items = Array.from({ length: random.below(4) }, () => json(random, depth + 1));
  if (draw < 8) return `[${items.join(',')}]`;
  return `{${items.map((item) => `${member(random)}:${item}`).join(random.pick([',', ' , ', '']))}}`;
}

const within = (random: Random, value: string): Buffer =>
  Buffer.from(random.chance(0.2) ? value : `{${member(random)}:${value}${random.chance(0.9) ? '}' : ''}`);

export const JSON_BOMBS: readonly Bomb[] = [
  {
    name: 'odd values',
    body: (random) =>
      Buffer.from(`{${Array.from({ length: random.below(8) }, () => `${member(random)}:${json(random)}`).join(',')}}`),
  },
  { name: 'deep arrays', body: (random) => within(random, `${times(random, '[', DEEP)}${times(random, ']', DEEP)}`) },
  {
    name: 'deep objects',
    body: (random) =>
      within(random, `${times(random, random.pick(['{"F0":', '{"C0":', '[{"key":"a","value":']), DEEP / 4)}1`),
  },
  {
    name: 'long numbers',
    body: (random) => within(random, random.chance(0.3) ? `"${number(random)}"` : number(random)),
  },
  { name: 'long texts', body: (random) => within(random, `"${times(random, random.pick(ESCAPES), LONG / 4)}"`) },
  {
    name: 'many members',
    body: (random) => Buffer.from(`{${times(random, `${member(random)}:${random.pick(VALUES)},`, 2_000)}"Z":1}`),
  },
  {
    name: 'many elements',
    body: (random) => within(random, `[${times(random, `${random.pick(VALUES)},`, LONG / 4)}1]`),
  },
  {
    name: 'many names',
    body: (random) =>
      Buffer.from(
        `{${Array.from({ length: anySize(random, 2_000) }, (_, i) => `"${random.below(9)}-${i}":${i}`).join(',')}}`,
      ),
  },
];

export const DELIMITED_BOMBS: readonly Bomb[] = [
  {
    name: 'quotes',
    body: (random) => Buffer.from(times(random, random.pick(['"', '""', '","', '"",', '"\n"', ',"']))),
  },
  { name: 'delimiters', body: (random) => Buffer.from(times(random, random.pick([',', ',\n', '\r\n', ' ,', '\t']))) },
  {
    name: 'odd fields',
    body: (random) =>
      Buffer.from(
        Array.from({ length: random.pick([1, 5, 11]) }, () =>
          random.chance(0.5)
            ? number(random).slice(0, 60)
            : random.pick(['', ' ', '""', '"a""b"', 'true', 'aGk=', '\ufeff', '😀', '"', '1 ']),
        ).join(','),
      ),
  },
  {
    name: 'long fields',
    body: (random) =>
      Buffer.from(
        Array.from({ length: random.pick([1, 5, 11]) }, () => (random.chance(0.2) ? number(random) : '1')).join(','),
      ),
  },
];

/** Texts and numbers that begin or end where no character does. */
export const KAFKA_BOMBS: readonly Bomb[] = [
  { name: 'lengths', body: (random) => Buffer.alloc(random.below(20), random.below(256)) },
  { name: 'long', body: (random) => Buffer.alloc(anySize(random, LONG), random.below(256)) },
];
