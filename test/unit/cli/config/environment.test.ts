import { expect, test } from 'vitest';
import { environmentSettings } from '../../../../src/cli/config/environment.js';

const read = (env: Record<string, string>) => environmentSettings(env).map(({ name, value }) => `${name}=${value}`);

test('underscores stand for dots, dashes and underscores', () => {
  expect(
    read({ KSQL_KSQL_SERVICE_ID: 'a', KSQL_LISTENERS: 'http://x:1', KSQL_A__B: '1', KSQL_A___B: '2', OTHER: '3' }),
  ).toEqual(['a-b=1', 'a_b=2', 'ksql.service.id=a', 'listeners=http://x:1']);
});

test('what is meant for the JVM or the start script is left alone', () => {
  expect(read({ KSQL_HEAP_OPTS: '-Xmx1g', KSQL_LOG4J_ROOT_LOGLEVEL: 'INFO', KSQL_CONFIG_DIR: '/etc' })).toEqual([]);
});

test('-D options come last', () => {
  expect(read({ KSQL_OPTS: '-Xmx1g -Dksql.service.id=b -Dx="a b"', KSQL_KSQL_SERVICE_ID: 'a' })).toEqual([
    'ksql.service.id=a',
    'ksql.service.id=b',
    'x=a b',
  ]);
});
