import { writeSync } from 'node:fs';
import { AppendQueue } from '../../src/broker/embedded/append-queue.js';
import { EmbeddedLog } from '../../src/broker/embedded/embedded-log.js';
import { RecordBatchBuilder } from '../../src/broker/record-batch-builder.js';
import { openDatabase } from '../../src/storage/database.js';

// Appends inserts of two records until it is killed, and says of each acknowledged one where its records are: `4:n-a 5:n-b;`.

const database = openDatabase({ path: process.argv[2]!, mode: 'writer' });
const log = new EmbeddedLog(database, { clock: { now: () => Date.now() } });
if (log.describeTopic('t') === null) {
  log.createTopic('t', { partitions: 1, replicas: 1, cleanupPolicy: ['delete'], retentionMs: -1 });
}
const queue = new AppendQueue(log);
const builder = new RecordBatchBuilder();
let number = 0;

async function appendForEver(): Promise<void> {
  for (;;) {
    const name = `${process.pid}.${number++}`;
    for (const half of ['a', 'b']) builder.append(0, null, Buffer.from(`${name}-${half}`));
    const [appended] = await queue.append([{ topic: 't', partition: 0, records: 2, bytes: builder.finish() }]);
    writeSync(1, `${appended!.baseOffset}:${name}-a ${appended!.lastOffset}:${name}-b;\n`);
  }
}

for (let caller = 0; caller < 8; caller++) void appendForEver();
