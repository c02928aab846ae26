import { StatementError } from '../../model/errors.js';
import { UNIT_MS } from '../../model/time.js';
import type { AssertTopic } from '../../parser/ast.js';
import type { Entity } from '../entities.js';
import type { StatementContext } from './handler.js';

const POLL_MS = 100;

/** ASSERT [NOT EXISTS] TOPIC: waits until it holds, or fails. @throws StatementError `assertion-failed` */
export async function assertTopic(statement: AssertTopic, context: StatementContext): Promise<Entity> {
  const { core } = context;
  const timeoutMs =
    statement.timeout === null
      ? core.parts.settings.number('ksql.assert.topic.default.timeout.ms', context.session.properties)
      : Number(statement.timeout.amount) * UNIT_MS[statement.timeout.unit];
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    await core.parts.log.refresh();
    const complaint = complaintOf(statement, context);
    if (complaint === null) {
      return {
        '@type': 'assert_topic',
        statementText: context.text,
        warnings: [],
        topicName: statement.topic,
        exists: statement.exists,
      };
    }
    if (waitedMs >= timeoutMs) {
      throw new StatementError(complaint, { code: 'assertion-failed', problem: 'engine', span: statement.span });
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(POLL_MS, timeoutMs - waitedMs)));
  }
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
