import { StatementError } from '../../model/errors.js';
import { UNIT_MS } from '../../model/time.js';
import type { AssertSchema } from '../../parser/ast.js';
import type { Entity } from '../entities.js';
import type { StatementContext } from './handler.js';

const POLL_MS = 100;

/** ASSERT [NOT EXISTS] SCHEMA: waits until it holds, or fails. @throws StatementError `assertion-failed` */
export async function assertSchema(statement: AssertSchema, context: StatementContext): Promise<Entity> {
  const { core } = context;
  const timeoutMs =
    statement.timeout === null
      ? core.parts.settings.number('ksql.assert.schema.default.timeout.ms', context.session.properties)
      : Number(statement.timeout.amount) * UNIT_MS[statement.timeout.unit];
  const { subject, exists } = statement;
  const id = statement.id === null ? null : Number(statement.id);
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    if ((await isRegistered(subject, id, context)) === exists) {
      return { '@type': 'assert_schema', statementText: context.text, warnings: [], subject, id, exists };
    }
    if (waitedMs >= timeoutMs) {
      const name = subject === null ? '' : ` subject name ${subject}`;
      const number = id === null ? '' : ` id ${id}`;
      throw new StatementError(`Schema with${name}${number} ${exists ? 'does not exist' : 'exists'}`, {
        code: 'assertion-failed',
        problem: 'engine',
        span: statement.span,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(POLL_MS, timeoutMs - waitedMs)));
  }
}

async function isRegistered(subject: string | null, id: number | null, { core }: StatementContext): Promise<boolean> {
  const { registry } = core.schemas;
  if (id === null) return subject !== null && (await registry.latest(subject)) !== null;
  if (subject === null) return (await registry.byId(id)) !== null;
  return (await registry.subjectsOf(id)).includes(subject);
}
