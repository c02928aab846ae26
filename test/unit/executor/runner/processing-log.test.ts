import { describe, expect, it } from 'vitest';
import type { RecordErrorReport } from '../../../../src/executor/operators/operator.js';
import { ProcessingLog } from '../../../../src/executor/task/processing-log.js';

const REPORT: RecordErrorReport = {
  reason: 'deserialization',
  step: 'KsqlTopic/Source',
  message: 'not JSON',
  target: 'value',
  topic: 'in',
  partition: 2,
  offset: 41,
};

const texts = (log: ProcessingLog) => log.take().map((bytes) => JSON.parse(bytes.toString()));

describe('the processing log', () => {
  it('has the shape of ksqlDB, with the place of the record', () => {
    const log = new ProcessingLog('CSAS_A_0', () => 1_500);
    log.report(REPORT);
    expect(texts(log)).toEqual([
      {
        level: 'ERROR',
        logger: 'processing.CSAS_A_0.KsqlTopic.Source.deserializer',
        time: 1_500,
        message: {
          type: 0,
          deserializationError: { target: 'value', errorMessage: 'not JSON', recordB64: null, cause: [], topic: 'in' },
          recordProcessingError: null,
          productionError: null,
          serializationError: null,
          kafkaStreamsThreadError: null,
        },
        reason: 'deserialization',
        topic: 'in',
        partition: 2,
        offset: 41,
        records: 1,
      },
    ]);
  });

  it('writes ten of a kind a second, and sums up the others', () => {
    let now = 0;
    const log = new ProcessingLog('Q', () => now);
    for (let i = 0; i < 100; i++) log.report({ ...REPORT, offset: i });
    const entries = texts(log);
    expect(entries.map(({ records }) => records)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 90]);
    expect(entries.at(-1).offset).toBe(99);
    log.report({ ...REPORT, offset: 100 });
    log.report({ ...REPORT, reason: 'late', step: 'Aggregate' });
    expect(texts(log).map(({ reason, records }) => [reason, records])).toEqual([
      ['late', 1],
      ['deserialization', 1],
    ]);
    now = 1_000;
    log.report(REPORT);
    expect(texts(log)).toHaveLength(1);
    expect(log.dropped()).toEqual({ deserialization: 102, late: 1 });
  });

  it('forgets what will be read again', () => {
    const log = new ProcessingLog('Q', () => 0);
    log.report(REPORT);
    log.take();
    log.committed();
    log.report(REPORT);
    log.discard();
    expect(log.take()).toEqual([]);
    expect(log.dropped()).toEqual({ deserialization: 1 });
  });
});
