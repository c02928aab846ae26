import { expect, test } from 'vitest';
import { isRepartitionTopicOf, repartitionTopic } from '../../../../src/planner/physical/internal-names.js';

const STEPS = [
  ...['Aggregate-GroupBy', 'Join', 'L_Join', 'Join-left', 'Join-right', 'L_Join-left', 'L_L_Join-right'],
  ...['LeftSourceKeyed-SelectKey', 'L_RightSourceKeyed-SelectKey'],
];

test('a repartition topic is known again by its query, whatever the service is called', () => {
  for (const service of ['default_', 'other', 'query_Q-']) {
    for (const step of STEPS) {
      const topic = repartitionTopic(service, 'CTAS_T_5', step);
      expect(isRepartitionTopicOf('CTAS_T_5', topic)).toBe(true);
      expect(isRepartitionTopicOf('CTAS_T_50', topic)).toBe(false);
      expect(isRepartitionTopicOf('T_5', topic)).toBe(false);
    }
  }
});

test('topics of other queries and of users are not taken for it', () => {
  // A stream may be called anything when its name is quoted.
  const strange = repartitionTopic('default_', 'CSAS_query_CTAS_T_5-X_7', 'Join-left');
  expect(isRepartitionTopicOf('CTAS_T_5', strange)).toBe(false);
  expect(isRepartitionTopicOf('CSAS_query_CTAS_T_5-X_7', strange)).toBe(true);
  expect(isRepartitionTopicOf('CTAS_T_5', 'query_CTAS_T_5-Join-left-repartition')).toBe(false);
  expect(isRepartitionTopicOf('CTAS_T_5', '_confluent-ksql-default_query_CTAS_T_5-Join-left-changelog')).toBe(false);
});
