import { BIGINT, defineAggregate, structType } from 'millrace';

/** The least and the greatest value so far; both are null before the first. */
const RANGE = structType([
  { name: 'LEAST', type: BIGINT },
  { name: 'GREATEST', type: BIGINT },
]);

const both = ([a, b], [c, d]) => (a === null ? [c, d] : c === null ? [a, b] : [a < c ? a : c, b > d ? b : d]);

export const spread = defineAggregate({
  name: 'SPREAD',
  description: 'The distance between the least and the greatest value.',
  author: 'examples',
  variants: [
    {
      signature: '(value BIGINT) -> BIGINT',
      tableCapable: false,
      bind: () => ({
        stateType: RANGE,
        resultType: BIGINT,
        resultIsState: false,
        initial: () => [null, null],
        add: (state, value) => both(state, [value, value]),
        merge: both,
        // Values beyond 2^53 are bigints, and the two kinds do not mix.
        result: ([least, greatest]) => (least === null ? null : BigInt(greatest) - BigInt(least)),
      }),
    },
  ],
});
