import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const load = (file: string): Promise<unknown> =>
  import(pathToFileURL(join(process.cwd(), 'test/kafka/support', file)).href);

/* The brokers of the tests. They find their files beside themselves, so they are loaded from where they are and not bundled. */

export const kafkaJars = (await load('kafka-jars.mjs')) as typeof import('../../test/kafka/support/kafka-jars.mjs');

export const { startKafka } = (await load(
  'kafka-cluster.mjs',
)) as typeof import('../../test/kafka/support/kafka-cluster.mjs');
