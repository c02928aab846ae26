import type { LogView, PendingBatch } from '../../src/broker/broker.js';
import { partitionOfKey } from '../../src/broker/partitioner.js';
import { RecordBatchBuilder } from '../../src/broker/record-batch-builder.js';
import { RecordBatchCursor } from '../../src/broker/record-batch-cursor.js';

/*
 * Records of topics as lines of text: `time | key | value | header=text, ...`. `<null>` is null, `0x00ff` are bytes, everything else is
 * text as it stands.
 */

const READ_BYTES = 10_000_000;

/** The lines as batches, each record in the partition that Kafka's default partitioner gives its key. */
export function pendingRecords(topic: string, lines: readonly string[], partitions: number): PendingBatch[] {
  return lines.map((line) => {
    const [time = '', key = '', value = '', headers = ''] = line.split(' | ').map((field) => field.trim());
    const builder = new RecordBatchBuilder();
    const keyBytes = bytesOf(key);
    builder.append(
      Number(time),
      keyBytes,
      bytesOf(value),
      headers === ''
        ? []
        : headers.split(', ').map((header) => {
            const [name = '', ...text] = header.split('=');
            return { key: name, value: bytesOf(text.join('=')) };
          }),
    );
    return {
      topic,
      partition: keyBytes === null ? 0 : partitionOfKey(keyBytes, 0, keyBytes.length, partitions),
      records: 1,
      bytes: builder.finish(),
    };
  });
}

/** What a topic holds, partition by partition. */
export async function topicLines(log: LogView, topic: string): Promise<string[]> {
  await log.refresh();
  const description = log.describeTopic(topic);
  if (description === null) return [`there is no topic ${topic}`];
  const lines: string[] = [];
  const cursor = new RecordBatchCursor();
  for (let partition = 0; partition < description.partitions; partition++) {
    const { start, end } = await log.offsets(topic, partition);
    let next = start;
    while (next < end) {
      const batches = await log.read(topic, partition, next, READ_BYTES);
      if (batches.length === 0) break;
      for (const batch of batches) {
        cursor.reset(batch.bytes);
        while (!cursor.isControl && cursor.next()) if (cursor.offset >= next) lines.push(recordLine(cursor));
        next = batch.lastOffset + 1;
      }
    }
  }
  return lines;
}

function recordLine(cursor: RecordBatchCursor): string {
  const fields = [
    String(cursor.timestamp),
    textOf(slice(cursor.bytes, cursor.keyStart, cursor.keyEnd)),
    textOf(slice(cursor.bytes, cursor.valueStart, cursor.valueEnd)),
  ];
  if (cursor.headerCount > 0) {
    fields.push(
      cursor
        .headers()
        .map((header) => `${header.key}=${textOf(header.value)}`)
        .join(', '),
    );
  }
  return fields.join(' | ');
}

function slice(bytes: Buffer, start: number, end: number): Buffer | null {
  return start < 0 ? null : bytes.subarray(start, end);
}

function bytesOf(text: string): Buffer | null {
  if (text === '<null>') return null;
  return /^0x([0-9a-f]{2})*$/.test(text) ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text, 'utf8');
}

function textOf(bytes: Uint8Array | null): string {
  if (bytes === null) return '<null>';
  const buffer = Buffer.from(bytes);
  const text = buffer.toString('utf8');
  return /^[\x20-\x7e\u00a0-\ufffc]*$/.test(text) ? text : `0x${buffer.toString('hex')}`;
}
