import { parseJsonLossless } from '../../../src/model/json-text.js';
import { readCase } from '../../../src/testing/read-case.js';
import { runCase } from '../../../src/testing/run-case.js';

/** Runs a case given as JSON text; null when it passes, else the reason. */
export async function reasonOf(text: string): Promise<string | null> {
  const { status, reason } = await runCase(readCase(parseJsonLossless(text)), 'ksqldb');
  return status === 'passed' ? null : reason;
}
