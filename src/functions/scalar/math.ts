import { divideRounded, powerOfTen, rescale, shortestDecimalFromDouble } from '../../model/decimal.js';
import { StatementError } from '../../model/errors.js';
import { decimalType, type SqlType } from '../../model/sql-type.js';
import { toBigintValue } from '../../model/value.js';
import { CATEGORY, defineScalar, type FunctionExample, type ScalarDefinition, type ScalarVariant } from '../define.js';

/** A BIGINT value. */
type Long = number | bigint;

const category = CATEGORY.mathematical;

/** A function of one DOUBLE; INT and BIGINT have overloads of their own, so that no conversion is written into the plan. */
function doubleFunction(
  name: string,
  description: string,
  example: FunctionExample,
  evaluate: (value: number) => number,
): ScalarDefinition {
  const evaluateLong = (value: Long): number => evaluate(Number(value));
  return defineScalar({
    name,
    displayName: name.toLowerCase(),
    category,
    description,
    examples: [example],
    variants: [
      { signature: '(value INT) -> DOUBLE', nulls: 'propagate', evaluate },
      { signature: '(value BIGINT) -> DOUBLE', nulls: 'propagate', evaluate: evaluateLong },
      { signature: '(value DOUBLE) -> DOUBLE', nulls: 'propagate', evaluate },
    ],
  });
}

/** A function of two numbers of one type. */
function pairVariants(
  first: string,
  second: string,
  evaluate: (a: number, b: number) => number,
): readonly ScalarVariant[] {
  const evaluateLong = (a: Long, b: Long): number => evaluate(Number(a), Number(b));
  return [
    { signature: `(${first} INT, ${second} INT) -> DOUBLE`, nulls: 'propagate', evaluate },
    { signature: `(${first} BIGINT, ${second} BIGINT) -> DOUBLE`, nulls: 'propagate', evaluate: evaluateLong },
    { signature: `(${first} DOUBLE, ${second} DOUBLE) -> DOUBLE`, nulls: 'propagate', evaluate },
  ];
}

function scaleOf(type: SqlType): number {
  return type.kind === 'DECIMAL' ? type.scale : 0;
}

function firstType(types: readonly SqlType[]): SqlType {
  return types[0]!;
}

const ABS = defineScalar({
  name: 'ABS',
  displayName: 'Abs',
  category,
  description: 'The absolute value. The smallest INT and BIGINT have none and stay as they are.',
  examples: [{ sql: 'ABS(-5)', result: '5' }],
  variants: [
    { signature: '(value INT) -> INT', nulls: 'propagate', evaluate: (value: number) => Math.abs(value) | 0 },
    {
      signature: '(value BIGINT) -> BIGINT',
      nulls: 'propagate',
      evaluate: (value: Long) => (value >= 0 ? value : typeof value === 'number' ? -value : toBigintValue(-value)),
    },
    { signature: '(value DOUBLE) -> DOUBLE', nulls: 'propagate', evaluate: (value: number) => Math.abs(value) },
    {
      signature: '(value DECIMAL) -> DECIMAL',
      nulls: 'propagate',
      resultType: firstType,
      evaluate: (value: bigint) => (value < 0n ? -value : value),
    },
  ],
});

function wholeVariants(ofDouble: (value: number) => number, rounding: 'CEILING' | 'FLOOR'): readonly ScalarVariant[] {
  return [
    { signature: '(value INT) -> INT', nulls: 'propagate', evaluate: (value: number) => value },
    { signature: '(value BIGINT) -> BIGINT', nulls: 'propagate', evaluate: (value: Long) => value },
    { signature: '(value DOUBLE) -> DOUBLE', nulls: 'propagate', evaluate: ofDouble },
    {
      signature: '(value DECIMAL) -> DECIMAL',
      nulls: 'propagate',
      resultType: firstType,
      bind: (types) => {
        const unit = powerOfTen(scaleOf(types[0]!));
        return (value: bigint) => divideRounded(value, unit, rounding) * unit;
      },
    },
  ];
}

const CEIL = defineScalar({
  name: 'CEIL',
  displayName: 'Ceil',
  category,
  description: 'The smallest whole number that is not below the value. A DECIMAL keeps its scale.',
  examples: [
    { sql: 'CEIL(3.2)', result: '4.0' },
    { sql: "CEIL(CAST('1.23' AS DECIMAL(4, 2)))", result: '2.00' },
  ],
  variants: wholeVariants(Math.ceil, 'CEILING'),
});

const FLOOR = defineScalar({
  name: 'FLOOR',
  displayName: 'Floor',
  category,
  description: 'The greatest whole number that is not above the value. A DECIMAL keeps its scale.',
  examples: [{ sql: "FLOOR(CAST('-1.23' AS DECIMAL(4, 2)))", result: '-2.00' }],
  variants: wholeVariants(Math.floor, 'FLOOR'),
});

const LONG_LIMIT = 2 ** 63;

/** A whole double as a BIGINT; NaN is 0 and what is too large becomes the nearest BIGINT, as in Java's `(long)`. */
function saturate(value: number): Long {
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  if (Number.isNaN(value)) return 0;
  if (value >= LONG_LIMIT) return 9_223_372_036_854_775_807n;
  if (value <= -LONG_LIMIT) return -9_223_372_036_854_775_808n;
  return BigInt(value);
}

/** Ties go toward positive infinity: HALF_UP above zero, HALF_DOWN below. */
function roundScaled(unscaled: bigint, from: number, to: number): bigint {
  return rescale(unscaled, from, to, unscaled > 0n ? 'HALF_UP' : 'HALF_DOWN');
}

function truncateScaled(unscaled: bigint, from: number, to: number): bigint {
  return rescale(unscaled, from, to, 'DOWN');
}

type Rescale = (unscaled: bigint, from: number, to: number) => bigint;

/** Places beyond this change nothing: no double and no DECIMAL has a digit there. */
const PLACES_MAX = 400;

function clampPlaces(places: number): number {
  return Math.max(-PLACES_MAX, Math.min(PLACES_MAX, places));
}

function doubleToPlaces(value: number, places: number, change: Rescale): number {
  const decimal = shortestDecimalFromDouble(value);
  if (decimal === null) throw new Error(`cannot round ${value} to ${places} decimal places`);
  const scale = clampPlaces(places);
  if (scale >= decimal.scale) return value === 0 ? 0 : value;
  return Number(`${change(decimal.unscaled, decimal.scale, scale)}e${-scale}`);
}

function decimalToPlaces(value: bigint, scale: number, places: number, change: Rescale): bigint {
  const target = clampPlaces(places);
  if (target >= scale) return value;
  return change(value, scale, target) * powerOfTen(scale - target);
}

function wholeDecimalType(types: readonly SqlType[]): SqlType {
  const type = types[0]!;
  if (type.kind !== 'DECIMAL') return type;
  const precision = type.precision - type.scale;
  if (precision < 1) {
    throw new StatementError(`DECIMAL precision must be >= 1: DECIMAL(${precision},0)`, { code: 'invalid-decimal' });
  }
  return decimalType(precision, 0);
}

function roundingVariants(ofDouble: (value: number) => number, change: Rescale, nulls: 'fail' | 'propagate') {
  const variants: readonly ScalarVariant[] = [
    { signature: '(value INT) -> BIGINT', nulls, evaluate: (value: number) => value },
    { signature: '(value BIGINT) -> BIGINT', nulls, evaluate: (value: Long) => value },
    {
      signature: '(value DOUBLE) -> BIGINT',
      nulls: 'propagate',
      evaluate: (value: number) => saturate(ofDouble(value)),
    },
    {
      signature: '(value DOUBLE, decimalPlaces INT) -> DOUBLE',
      nulls: 'propagate',
      evaluate: (value: number, places: number) => doubleToPlaces(value, places, change),
    },
    {
      signature: '(value DECIMAL) -> DECIMAL',
      nulls: 'propagate',
      resultType: wholeDecimalType,
      bind: (types) => {
        const scale = scaleOf(types[0]!);
        return (value: bigint) => change(value, scale, 0);
      },
    },
    {
      signature: '(value DECIMAL, decimalPlaces INT) -> DECIMAL',
      nulls: 'propagate',
      resultType: firstType,
      bind: (types) => {
        const scale = scaleOf(types[0]!);
        return (value: bigint, places: number) => decimalToPlaces(value, scale, places, change);
      },
    },
  ];
  return variants;
}

const ROUND = defineScalar({
  name: 'ROUND',
  displayName: 'round',
  category,
  description:
    'Rounds to the nearest whole number, or to a number of decimal places, which may be negative. Ties go toward positive infinity.',
  examples: [
    { sql: 'ROUND(CAST(1.5 AS DOUBLE))', result: '2' },
    { sql: 'ROUND(CAST(-1.5 AS DOUBLE))', result: '-1' },
    { sql: "ROUND(CAST('12.345' AS DECIMAL(5, 3)), 2)", result: '12.350' },
  ],
  variants: roundingVariants(Math.round, roundScaled, 'fail'),
});

const TRUNC = defineScalar({
  name: 'TRUNC',
  displayName: 'trunc',
  category,
  description: 'Drops the digits behind the point, or behind a number of decimal places, which may be negative.',
  examples: [
    { sql: 'TRUNC(CAST(-1.9 AS DOUBLE))', result: '-1' },
    { sql: 'TRUNC(CAST(1234.567 AS DOUBLE), -2)', result: '1200.0' },
  ],
  variants: roundingVariants(Math.trunc, truncateScaled, 'propagate'),
});

const sign = (value: Long): number => (value > 0 ? 1 : value < 0 ? -1 : 0);

const SIGN = defineScalar({
  name: 'SIGN',
  displayName: 'sign',
  category,
  description: 'The sign of the value: -1, 0 or 1. NaN gives 0.',
  examples: [{ sql: 'SIGN(-3)', result: '-1' }],
  variants: ['INT', 'BIGINT', 'DOUBLE'].map((type) => ({
    signature: `(value ${type}) -> INT`,
    nulls: 'propagate',
    evaluate: sign,
  })),
});

const ATAN2 = defineScalar({
  name: 'ATAN2',
  displayName: 'atan2',
  category,
  description: 'The angle in radians of the point (x, y) in polar coordinates.',
  examples: [{ sql: 'ATAN2(0, 1)', result: '0.0' }],
  variants: pairVariants('y', 'x', Math.atan2),
});

/** JavaScript has NaN for 1 raised to NaN or infinity as Java has; both follow the C library otherwise. */
const POWER = defineScalar({
  name: 'POWER',
  displayName: 'power',
  category,
  description: 'The base raised to the exponent.',
  examples: [{ sql: 'POWER(2, 10)', result: '1024.0' }],
  variants: pairVariants('base', 'exponent', Math.pow),
});

function logarithm(base: number, value: number): number {
  if (base <= 0 || base === 1) return Number.NaN;
  return Math.log(value) / Math.log(base);
}

const LOG = defineScalar({
  name: 'LOG',
  displayName: 'log',
  category,
  description:
    'The natural logarithm of the value, or its logarithm to a base. A base that is not positive, or 1, gives NaN.',
  examples: [
    { sql: 'LOG(2, 8)', result: '3.0' },
    { sql: 'LOG(1)', result: '0.0' },
  ],
  variants: [
    { signature: '(value INT) -> DOUBLE', nulls: 'propagate', evaluate: Math.log },
    { signature: '(value BIGINT) -> DOUBLE', nulls: 'propagate', evaluate: (value: Long) => Math.log(Number(value)) },
    { signature: '(value DOUBLE) -> DOUBLE', nulls: 'propagate', evaluate: Math.log },
    ...pairVariants('base', 'value', logarithm),
  ],
});

const PI = defineScalar({
  name: 'PI',
  displayName: 'pi',
  category,
  description: 'The ratio of a circle’s circumference to its diameter.',
  examples: [{ sql: 'PI()', result: '3.141592653589793' }],
  variants: [{ signature: '() -> DOUBLE', nulls: 'pass', evaluate: () => Math.PI }],
});

const RANDOM = defineScalar({
  name: 'RANDOM',
  displayName: 'random',
  category,
  deterministic: false,
  description: 'A random number from 0 (inclusive) to 1 (exclusive).',
  examples: [{ sql: 'RANDOM() < 1', result: 'true' }],
  variants: [{ signature: '() -> DOUBLE', nulls: 'pass', bind: (_types, _result, context) => () => context.random() }],
});

const RADIANS_PER_DEGREE = 0.017453292519943295;
const DEGREES_PER_RADIAN = 57.29577951308232;

export const mathFunctions: readonly ScalarDefinition[] = [
  ABS,
  doubleFunction(
    'ACOS',
    'The arc cosine, in radians; NaN outside -1 to 1.',
    { sql: 'ACOS(1)', result: '0.0' },
    Math.acos,
  ),
  doubleFunction(
    'ASIN',
    'The arc sine, in radians; NaN outside -1 to 1.',
    { sql: 'ASIN(0)', result: '0.0' },
    Math.asin,
  ),
  doubleFunction('ATAN', 'The arc tangent, in radians.', { sql: 'ATAN(0)', result: '0.0' }, Math.atan),
  ATAN2,
  doubleFunction('CBRT', 'The cube root.', { sql: 'CBRT(-27)', result: '-3.0' }, Math.cbrt),
  CEIL,
  doubleFunction('COS', 'The cosine of an angle in radians.', { sql: 'COS(0)', result: '1.0' }, Math.cos),
  doubleFunction('COSH', 'The hyperbolic cosine.', { sql: 'COSH(0)', result: '1.0' }, Math.cosh),
  doubleFunction(
    'COT',
    'The cotangent of an angle in radians; infinite at 0.',
    { sql: 'COT(PI() / 4)', result: '1.0000000000000002' },
    (value) => 1 / Math.tan(value),
  ),
  doubleFunction(
    'DEGREES',
    'Radians as degrees.',
    { sql: 'DEGREES(PI())', result: '180.0' },
    (value) => value * DEGREES_PER_RADIAN,
  ),
  doubleFunction('EXP', 'e raised to the value.', { sql: 'EXP(0)', result: '1.0' }, Math.exp),
  FLOOR,
  doubleFunction(
    'LN',
    'The natural logarithm; -Infinity at 0 and NaN below.',
    { sql: 'LN(1)', result: '0.0' },
    Math.log,
  ),
  LOG,
  PI,
  POWER,
  doubleFunction(
    'RADIANS',
    'Degrees as radians.',
    { sql: 'RADIANS(180)', result: '3.141592653589793' },
    (value) => value * RADIANS_PER_DEGREE,
  ),
  RANDOM,
  ROUND,
  SIGN,
  doubleFunction('SIN', 'The sine of an angle in radians.', { sql: 'SIN(0)', result: '0.0' }, Math.sin),
  doubleFunction('SINH', 'The hyperbolic sine.', { sql: 'SINH(0)', result: '0.0' }, Math.sinh),
  doubleFunction('SQRT', 'The square root; NaN below 0.', { sql: 'SQRT(16)', result: '4.0' }, Math.sqrt),
  doubleFunction('TAN', 'The tangent of an angle in radians.', { sql: 'TAN(0)', result: '0.0' }, Math.tan),
  doubleFunction('TANH', 'The hyperbolic tangent.', { sql: 'TANH(0)', result: '0.0' }, Math.tanh),
  TRUNC,
];
