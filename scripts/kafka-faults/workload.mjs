/**
 * What runs while faults happen: the statements, the topics that they make, and the records that come in.
 *
 * Records have an id that never comes twice, and event times that mostly rise; some come late, and some later than the grace allows.
 */

/** Of the stream and of all that is made from it. */
export const PARTITIONS = 4;
/** Shards of each query: fewer than partitions, so that a shard has several. */
export const SHARDS = 2;
export const WINDOW_MS = 5_000;
export const GRACE_MS = 2_000;
/** Amounts above this pass the filter. */
export const PASSING_ABOVE = 30;
/** Of the records that pass, one in so many goes on. */
export const CHAINED_EVERY = 3;
const AMOUNTS = 100;
const KEYS = 40;
const GROUPS = 7;
/** Event time between a record and the next. */
const STEP_MS = 4;

/** Topics of the workload: what comes in, and what the statements write. Each run has its own, which begin with its name. */
export const INPUT = 'events';
export const OUTPUTS = ['passed', 'windowed', 'grouped', 'chained'];

export function topicOf(run, name) {
  return `${run}-${name}`;
}

export function statements(run) {
  const topic = (name) => `kafka_topic = '${topicOf(run, name)}'`;
  return `
    CREATE STREAM events (k VARCHAR KEY, id BIGINT, grp VARCHAR, amount BIGINT)
      WITH (${topic('events')}, value_format = 'JSON', partitions = ${PARTITIONS});
    CREATE STREAM passed WITH (${topic('passed')}) AS
      SELECT k, id, amount * 2 AS doubled FROM events WHERE amount > ${PASSING_ABOVE} EMIT CHANGES;
    CREATE TABLE windowed WITH (${topic('windowed')}) AS
      SELECT k, COUNT(*) AS n, SUM(amount) AS total FROM events
      WINDOW TUMBLING (SIZE ${WINDOW_MS / 1000} SECONDS, GRACE PERIOD ${GRACE_MS / 1000} SECONDS) GROUP BY k EMIT CHANGES;
    CREATE TABLE grouped WITH (${topic('grouped')}) AS
      SELECT grp, COUNT(*) AS n, SUM(amount) AS total, SUM(id) AS ids FROM events GROUP BY grp EMIT CHANGES;
    CREATE STREAM chained (k VARCHAR KEY, id BIGINT, v BIGINT)
      WITH (${topic('chained')}, value_format = 'JSON', partitions = ${PARTITIONS});
    INSERT INTO chained WITH (query_id = 'chain')
      SELECT k, id, doubled AS v FROM passed WHERE id % ${CHAINED_EVERY} = 0;
    INSERT INTO chained WITH (query_id = 'rest')
      SELECT k, 0 - id AS id, amount AS v FROM events WHERE amount <= ${PASSING_ABOVE};`;
}

/** One record: a pure function of its number, the random choices and the time that the first one had. */
export function recordOf(number, random, startMs) {
  const key = `k${random.between(1, KEYS)}`;
  const group = `g${random.between(1, GROUPS)}`;
  const amount = random.between(0, AMOUNTS - 1);
  const time = startMs + number * STEP_MS - delayOf(random);
  return { id: number + 1, key, group, amount, time: Math.max(time, startMs) };
}

function delayOf(random) {
  const kind = random.next();
  if (kind < 0.7) return 0;
  if (kind < 0.9) return random.between(0, 1_500);
  if (kind < 0.98) return random.between(0, GRACE_MS + WINDOW_MS);
  return random.between(GRACE_MS, 4 * WINDOW_MS);
}

/** The bytes of a record's value. */
export function valueText({ id, group, amount }) {
  return JSON.stringify({ ID: id, GRP: group, AMOUNT: amount });
}
