import { StatementError } from '../../model/errors.js';
import { UNIT_MS } from '../../model/time.js';
import type { AssertSchema, AssertTopic } from '../../parser/ast.js';
import type { StatementContext } from './handler.js';

const POLL_MS = 100;

/**
 * Asks again and again until nothing is wrong any more, for as long as the statement says, or else the setting.
 * @param complaint what is wrong; null for nothing
 * @throws StatementError `assertion-failed` with the last complaint
 */
export async function awaitAssertion(
  { timeout, span }: Pick<AssertTopic | AssertSchema, 'timeout' | 'span'>,
  setting: string,
  { core, session }: StatementContext,
  complaint: () => Promise<string | null>,
): Promise<void> {
  const timeoutMs =
    timeout === null
      ? core.parts.settings.number(setting, session.properties)
      : Number(timeout.amount) * UNIT_MS[timeout.unit];
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const wrong = await complaint();
    if (wrong === null) return;
    if (waitedMs >= timeoutMs) {
      throw new StatementError(wrong, { code: 'assertion-failed', problem: 'engine', span });
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(POLL_MS, timeoutMs - waitedMs)));
  }
}
