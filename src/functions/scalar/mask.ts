import { CATEGORY, defineScalar, nullArgumentMessage, type ScalarDefinition } from '../define.js';

/** The replacement of each class of character; null leaves the class as it is. */
interface Masks {
  readonly upper: string | null;
  readonly lower: string | null;
  readonly digit: string | null;
  readonly other: string | null;
}

const DEFAULT_MASKS: Masks = { upper: 'X', lower: 'x', digit: 'n', other: '-' };

function masksOf(upper: string | null, lower: string | null, digit: string | null, other: string | null): Masks {
  for (const mask of [upper, lower, digit, other]) {
    if (mask !== null && mask.length !== 1) {
      throw new Error(`Invalid mask character. Must be only single character, but was '${mask}'`);
    }
  }
  return { upper, lower, digit, other };
}

const UPPER = /\p{Lu}/u;
const LOWER = /\p{Ll}/u;
const DIGIT = /\p{Nd}/u;

/** Classifies UTF-16 code units one by one, as Java does: halves of a surrogate pair are `other`. */
function maskText(text: string, masks: Masks): string {
  let masked = '';
  for (let i = 0; i < text.length; i++) {
    const unit = text[i]!;
    const mask = UPPER.test(unit)
      ? masks.upper
      : LOWER.test(unit)
        ? masks.lower
        : DIGIT.test(unit)
          ? masks.digit
          : masks.other;
    masked += mask ?? unit;
  }
  return masked;
}

const category = CATEGORY.string;
const MASK_PARAMETERS = 'upper STRING, lower STRING, digit STRING, other STRING';
const MASK_TEXT =
  'Upper-case letters become X, lower-case letters x, digits n and all else -, unless other characters are given; a null leaves its class as it is.';

const MASK = defineScalar({
  name: 'MASK',
  displayName: 'mask',
  category,
  description: `Hides a text character by character. ${MASK_TEXT}`,
  examples: [{ sql: "MASK('My Test $123')", result: '"Xx-Xxxx--nnn"' }],
  variants: [
    {
      signature: '(input STRING) -> STRING',
      nulls: 'propagate',
      evaluate: (text: string) => maskText(text, DEFAULT_MASKS),
    },
    {
      signature: `(input STRING, ${MASK_PARAMETERS}) -> STRING`,
      nulls: 'pass',
      evaluate: (
        text: string | null,
        upper: string | null,
        lower: string | null,
        digit: string | null,
        other: string | null,
      ) => {
        const masks = masksOf(upper, lower, digit, other);
        return text === null ? null : maskText(text, masks);
      },
    },
  ],
});

type PartMask = (text: string, count: number, masks: Masks) => string;

function partFunction(name: string, what: string, example: string, mask: PartMask): ScalarDefinition {
  const displayName = name.toLowerCase();
  const run = (text: string | null, count: number | null, masks: Masks): string | null => {
    if (count === null) throw new Error(nullArgumentMessage(1));
    if (count < 0) {
      throw new Error(`function ${displayName} requires a non-negative number of characters to mask or skip`);
    }
    return text === null ? null : mask(text, Math.min(count, text.length), masks);
  };
  return defineScalar({
    name,
    displayName,
    category,
    description: `Hides ${what} of a text. ${MASK_TEXT}`,
    examples: [{ sql: `${name}('My Test $123', 4)`, result: example }],
    variants: [
      {
        signature: '(input STRING, numChars INT) -> STRING',
        nulls: 'pass',
        evaluate: (text: string | null, count: number | null) => run(text, count, DEFAULT_MASKS),
      },
      {
        signature: `(input STRING, numChars INT, ${MASK_PARAMETERS}) -> STRING`,
        nulls: 'pass',
        evaluate: (
          text: string | null,
          count: number | null,
          upper: string | null,
          lower: string | null,
          digit: string | null,
          other: string | null,
        ) => run(text, count, masksOf(upper, lower, digit, other)),
      },
    ],
  });
}

export const maskFunctions: readonly ScalarDefinition[] = [
  MASK,
  partFunction(
    'MASK_KEEP_LEFT',
    'all but the first characters',
    '"My Txxx--nnn"',
    (text, count, masks) => text.slice(0, count) + maskText(text.slice(count), masks),
  ),
  partFunction('MASK_KEEP_RIGHT', 'all but the last characters', '"Xx-Xxxx-$123"', (text, count, masks) => {
    const split = text.length - count;
    return maskText(text.slice(0, split), masks) + text.slice(split);
  }),
  partFunction(
    'MASK_LEFT',
    'the first characters',
    '"Xx-Xest $123"',
    (text, count, masks) => maskText(text.slice(0, count), masks) + text.slice(count),
  ),
  partFunction('MASK_RIGHT', 'the last characters', '"My Test -nnn"', (text, count, masks) => {
    const split = text.length - count;
    return text.slice(0, split) + maskText(text.slice(split), masks);
  }),
];
