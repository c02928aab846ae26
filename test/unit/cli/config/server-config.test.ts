import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseListeners } from '../../../../src/cli/config/listen.js';
import { serverConfig } from '../../../../src/cli/config/server-config.js';
import { UsageError } from '../../../../src/cli/exit.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NOTHING = { config: [], set: [], queriesFile: [] };

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

test('without anything: this machine, port 8088, a file in this folder', () => {
  const config = serverConfig(NOTHING, {});
  expect(config).toMatchObject({ data: 'millrace.db', listeners: [{ host: '127.0.0.1', port: 8088 }], settings: {} });
});

test('files, then the environment, then flags', () => {
  const path = file('a.properties', 'ksql.service.id=file_\ncommit.interval.ms=1\nlisteners=http://0.0.0.0:1\n');
  const env = { KSQL_KSQL_SERVICE_ID: 'env_', KSQL_LISTENERS: 'http://0.0.0.0:2' };
  const config = serverConfig({ ...NOTHING, config: [path], set: ['ksql.service.id=flag_'], listen: ':3' }, env);
  expect(config.settings).toEqual({ 'ksql.service.id': 'flag_', 'ksql.streams.commit.interval.ms': '1' });
  expect(config.listeners).toEqual([{ host: '127.0.0.1', port: 3 }]);
  expect(serverConfig({ ...NOTHING, config: [path] }, env).listeners).toEqual([{ host: '0.0.0.0', port: 2 }]);
});

test('unknown names are told once, with the nearest that is known', () => {
  const path = file('b.properties', 'ksql.servce.id=x\nksql.servce.id=y\nfrobnicate=1\n');
  const { notices, settings } = serverConfig({ ...NOTHING, config: [path] }, {});
  expect(notices).toHaveLength(2);
  expect(notices[0]).toContain('did you mean "ksql.service.id"?');
  expect(notices[1]).toContain('"frobnicate"');
  expect(settings).toEqual({});
});

test('a wrong value says where it was given', () => {
  const path = file('c.properties', '\nksql.streams.commit.interval.ms=soon\n');
  expect(() => serverConfig({ ...NOTHING, config: [path] }, {})).toThrow(`${path} line 2`);
});

test('a folder of query files is its .sql files by name', () => {
  file('2.sql', '');
  file('1.sql', '');
  const { queryFiles } = serverConfig({ ...NOTHING, queriesFile: [folder] }, {});
  expect(queryFiles).toEqual([join(folder, '1.sql'), join(folder, '2.sql')]);
  expect(() => serverConfig({ ...NOTHING, queriesFile: [join(folder, 'none.sql')] }, {})).toThrow(UsageError);
});

test('addresses to listen on', () => {
  expect(parseListeners('http://[::1]:80, localhost:0,9')).toEqual([
    { host: '::1', port: 80 },
    { host: 'localhost', port: 0 },
    { host: '127.0.0.1', port: 9 },
  ]);
  for (const wrong of ['', 'host', 'host:', 'host:99999', 'https://host:1', 'a:b:1']) {
    expect(() => parseListeners(wrong), wrong).toThrow(UsageError);
  }
});
