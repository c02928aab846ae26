import type { AssertTopic } from '../../parser/ast.js';
import type { Entity } from '../entities.js';
import { awaitAssertion } from './await-assertion.js';
import type { StatementContext } from './handler.js';

/** ASSERT [NOT EXISTS] TOPIC: waits until it holds, or fails. @throws StatementError `assertion-failed` */
export async function assertTopic(statement: AssertTopic, context: StatementContext): Promise<Entity> {
  const { topic, exists } = statement;
  await awaitAssertion(statement, 'ksql.assert.topic.default.timeout.ms', context, async () => {
    await context.core.parts.log.refresh();
    return complaintOf(statement, context);
  });
  return { '@type': 'assert_topic', statementText: context.text, warnings: [], topicName: topic, exists };
}

function complaintOf(statement: AssertTopic, { core }: StatementContext): string | null {
  const topic = core.parts.log.describeTopic(statement.topic);
  if (!statement.exists) return topic === null ? null : `Topic ${statement.topic} exists`;
  if (topic === null) return `Topic ${statement.topic} does not exist`;
  const complaints: string[] = [];
  for (const { name, value } of statement.properties) {
    const actual = name === 'PARTITIONS' ? topic.partitions : name === 'REPLICAS' ? topic.replicas : null;
    const expected =
      value.kind === 'integer' ? Number(value.value) : value.kind === 'string' ? Number(value.value) : null;
    if (actual === null) complaints.push(`Cannot assert unknown topic property: ${name}`);
    else if (actual !== expected) {
      complaints.push(
        `Mismatched configuration for topic ${statement.topic}: For config ${name.toLowerCase()}, expected ${expected} got ${actual}`,
      );
    }
  }
  return complaints.length === 0 ? null : complaints.join('\n');
}
