import type { AssertSchema } from '../../parser/ast.js';
import type { Entity } from '../entities.js';
import { awaitAssertion } from './await-assertion.js';
import type { StatementContext } from './handler.js';

/** ASSERT [NOT EXISTS] SCHEMA: waits until it holds, or fails. @throws StatementError `assertion-failed` */
export async function assertSchema(statement: AssertSchema, context: StatementContext): Promise<Entity> {
  const { subject, exists } = statement;
  const id = statement.id === null ? null : Number(statement.id);
  await awaitAssertion(statement, 'ksql.assert.schema.default.timeout.ms', context, async () => {
    if ((await isRegistered(subject, id, context)) === exists) return null;
    const name = subject === null ? '' : ` subject name ${subject}`;
    const number = id === null ? '' : ` id ${id}`;
    return `Schema with${name}${number} ${exists ? 'does not exist' : 'exists'}`;
  });
  return { '@type': 'assert_schema', statementText: context.text, warnings: [], subject, id, exists };
}

async function isRegistered(subject: string | null, id: number | null, { core }: StatementContext): Promise<boolean> {
  const { registry } = core.schemas;
  if (id === null) return subject !== null && (await registry.latest(subject)) !== null;
  if (subject === null) return (await registry.byId(id)) !== null;
  return (await registry.subjectsOf(id)).includes(subject);
}
