import { writeSync } from 'node:fs';
import { createStreamThread } from '../../../src/executor/thread/create-stream-thread.js';
import { creation, deployment, numbersBatch } from './plans.js';

/*
 * A process to be killed: goes on inserting numbers where the last one stopped, and prints each number once its insert is
 * acknowledged. Arguments: the file, and the first number, or -1 to make topics and queries and end.
 */

const [, , path, first] = process.argv as [string, string, string, string];
const thread = await createStreamThread({ path, threads: 1, commitIntervalMs: 20 });
if (Number(first) === -1) {
  await thread.apply(creation(2));
  await thread.apply(deployment());
  await thread.close();
} else {
  await thread.apply(deployment());
  // Some inserts underway at any time, so that a group commit holds several.
  let next = Number(first);
  const insert = async (): Promise<void> => {
    for (;;) {
      const value = next++;
      await thread.append([numbersBatch(value % 2, value)]);
      writeSync(1, `${value}\n`);
    }
  };
  await Promise.all(Array.from({ length: 5 }, insert));
}
