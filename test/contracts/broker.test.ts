import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedLog } from '../../src/broker/embedded/embedded-log.js';
import { EmbeddedLogReader } from '../../src/broker/embedded/log-reader.js';
import { openDatabase } from '../../src/storage/database.js';
import { type BrokerUnderTest, brokerContract, type LogNature } from './broker-contract.js';

const clock = { now: () => 1_000 };

/** One file holds everything, and one process writes it. */
const EMBEDDED: LogNature = {
  markers: 0,
  keepsPositions: true,
  isAtomic: true,
  checksBatches: true,
  knowsPartitions: true,
  missesTopics: true,
  trimsPastEnd: true,
};

brokerContract('embedded, in memory', EMBEDDED, () => {
  const database = openDatabase({ path: ':memory:', mode: 'writer' });
  const log = new EmbeddedLog(database, { clock });
  return {
    log,
    positions: log,
    reader: new EmbeddedLogReader(database),
    reopen: null,
    close: () => database.close(),
  };
});

brokerContract('embedded, in a file', EMBEDDED, () => {
  const directory = mkdtempSync(join(tmpdir(), 'broker-'));
  const path = join(directory, 'engine.db');
  const open = (): BrokerUnderTest => {
    const writer = openDatabase({ path, mode: 'writer' });
    const reader = openDatabase({ path, mode: 'reader' });
    const release = () => {
      reader.close();
      writer.close();
    };
    const log = new EmbeddedLog(writer, { clock });
    return {
      log,
      positions: log,
      reader: new EmbeddedLogReader(reader),
      reopen: () => {
        release();
        return open();
      },
      close: () => {
        release();
        rmSync(directory, { recursive: true });
      },
    };
  };
  return open();
});
