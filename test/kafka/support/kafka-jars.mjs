/**
 * The jars of Apache Kafka, as Maven brings them: once for each version, into a folder that is kept.
 *
 * The folder is `~/.cache/millrace/kafka/<version>`; the environment variable MILLRACE_KAFKA_JARS names another place for the folders
 * of all versions. A machine that has the folder of a version needs no Maven.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const POM = join(import.meta.dirname, 'pom.xml');

/** The version of brokers and tools where nobody asks for another. */
export const DEFAULT_KAFKA_VERSION = '4.1.0';

/** The version that the tests of this run are about. */
export function testedKafkaVersion() {
  return process.env.MILLRACE_TEST_KAFKA_VERSION || DEFAULT_KAFKA_VERSION;
}

/** Where the jars of a version are, or would be. */
export function jarsFolder(version) {
  return join(process.env.MILLRACE_KAFKA_JARS || join(homedir(), '.cache/millrace/kafka'), version);
}

/** Why no broker of this version can be started here, as the end of a sentence; null if one can. */
export function kafkaMissing(version = testedKafkaVersion()) {
  if (!runs('java', '-version')) return 'there is no Java (java -version)';
  if (!existsSync(jarsFolder(version)) && !runs('mvn', '-version')) return 'there is no Maven (mvn -version)';
  return null;
}

/**
 * The class path of a version. Fetches the jars if they are not there; whoever does so at the same time does no harm.
 * @throws Error with Maven's own words when it cannot
 */
export function kafkaClassPath(version = testedKafkaVersion()) {
  const folder = jarsFolder(version);
  if (!existsSync(folder)) fetchJars(POM, folder, ['dependency:copy-dependencies', `-Dkafka.version=${version}`]);
  return join(folder, '*');
}

/**
 * Runs Maven with `-DoutputDirectory` at a folder beside `folder`, which takes its name once it is complete.
 * @throws Error with Maven's own words
 */
export function fetchJars(pom, folder, goals) {
  const partial = `${folder}.${process.pid}`;
  mkdirSync(dirname(folder), { recursive: true });
  try {
    const { status, error, stdout } = spawnSync(
      'mvn',
      ['-q', '-B', '-f', pom, ...goals, `-DoutputDirectory=${partial}`],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    );
    if (error !== undefined || status !== 0 || !existsSync(partial)) {
      throw new Error(`Maven could not make ${folder}: ${error?.message ?? stdout.trim()}`);
    }
    renameSync(partial, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

function runs(command, ...args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
