import { rescale } from '../../model/decimal.js';
import { decimalType, NULL_TYPE, type SqlType } from '../../model/sql-type.js';
import { compareValues, type SqlValue } from '../../model/value.js';
import { CATEGORY, defineScalar, type ScalarDefinition } from '../define.js';

/** The DECIMAL that holds all the given ones: the most digits on each side of the point. */
function widenedType(types: readonly SqlType[]): SqlType {
  let whole = 0;
  let scale = 0;
  let found = false;
  for (const type of types) {
    if (type.kind !== 'DECIMAL') continue;
    found = true;
    whole = Math.max(whole, type.precision - type.scale);
    scale = Math.max(scale, type.scale);
  }
  return found ? decimalType(whole + scale, scale) : NULL_TYPE;
}

function pick(type: SqlType, direction: 1 | -1) {
  return (...values: SqlValue[]): SqlValue => {
    let best: SqlValue = null;
    for (const value of values) {
      if (value !== null && (best === null || compareValues(type, value, best) * direction > 0)) best = value;
    }
    return best;
  };
}

function pickDecimal(types: readonly SqlType[], result: SqlType, direction: 1 | -1) {
  const choose = pick(result, direction);
  const target = result.kind === 'DECIMAL' ? result.scale : 0;
  const scales = types.map((type) => (type.kind === 'DECIMAL' ? type.scale : target));
  return (...values: (bigint | null)[]): SqlValue =>
    choose(...values.map((value, i) => (value === null ? null : rescale(value, scales[i]!, target, 'UNNECESSARY'))));
}

function extreme(name: string, direction: 1 | -1, description: string, result: string): ScalarDefinition {
  return defineScalar({
    name,
    displayName: name.toLowerCase(),
    category: CATEGORY.mathematical,
    description: `${description} Nulls are skipped; when all are null the result is null. Texts compare by UTF-16 code unit.`,
    examples: [{ sql: `${name}(4, NULL, 17, 9)`, result }],
    variants: [
      ...['INT', 'BIGINT', 'DOUBLE', 'STRING', 'BYTES', 'DATE', 'TIME', 'TIMESTAMP'].map((type) => ({
        signature: `(val1 ${type}, vals ${type}...) -> ${type}`,
        nulls: 'pass' as const,
        bind: (_: readonly SqlType[], of: SqlType) => pick(of, direction),
      })),
      {
        signature: '(val1 DECIMAL, vals DECIMAL...) -> DECIMAL',
        nulls: 'pass',
        resultType: widenedType,
        bind: (types, of) => pickDecimal(types, of, direction),
      },
    ],
  });
}

export const comparisonFunctions: readonly ScalarDefinition[] = [
  extreme('GREATEST', 1, 'The greatest of the values.', '17'),
  extreme('LEAST', -1, 'The smallest of the values.', '4'),
];
