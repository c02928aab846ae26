import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedLog } from '../../src/broker/embedded/embedded-log.js';
import { EmbeddedLogReader } from '../../src/broker/embedded/log-reader.js';
import { openDatabase } from '../../src/storage/database.js';
import { type BrokerUnderTest, brokerContract } from './broker-contract.js';

const clock = { now: () => 1_000 };

brokerContract('embedded, in memory', () => {
  const database = openDatabase({ path: ':memory:', mode: 'writer' });
  return {
    log: new EmbeddedLog(database, { clock }),
    reader: new EmbeddedLogReader(database),
    reopen: null,
    close: () => database.close(),
  };
});

brokerContract('embedded, in a file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'broker-'));
  const path = join(directory, 'engine.db');
  const open = (): BrokerUnderTest => {
    const writer = openDatabase({ path, mode: 'writer' });
    const reader = openDatabase({ path, mode: 'reader' });
    const release = () => {
      reader.close();
      writer.close();
    };
    return {
      log: new EmbeddedLog(writer, { clock }),
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
