import { describe, expect, it } from 'vitest';
import type { Engine, EngineHealth, EngineStatistics, QueryStatistics } from '../../../src/engine/engine.js';
import { SystemError } from '../../../src/model/errors.js';
import { createApp } from '../../../src/server/app.js';
import { METRICS, type Metric } from '../../../src/server/metrics/definitions.js';
import { EventLoopDelay } from '../../../src/server/metrics/event-loop-delay.js';
import { MetricsText } from '../../../src/server/metrics/metrics-text.js';
import { ServerFigures } from '../../../src/server/metrics/server-figures.js';
import { type Family, parseMetrics } from './prometheus-text.js';

const GAUGE: Metric = { name: 'millrace_x', type: 'gauge', labels: ['a', 'b'], help: 'A \\ and\na line.' };

describe('the text of metrics', () => {
  it('escapes labels and help, and begins a family once', () => {
    const text = new MetricsText();
    text.sample(GAUGE, 1, 'say "hi"\\', 'two\nlines');
    text.sample(GAUGE, Number.NEGATIVE_INFINITY, '', 'é');
    expect(String(text)).toBe(
      '# HELP millrace_x A \\\\ and\\na line.\n# TYPE millrace_x gauge\n' +
        'millrace_x{a="say \\"hi\\"\\\\",b="two\\nlines"} 1\nmillrace_x{a="",b="é"} -Inf\n',
    );
    const { samples } = parseMetrics(String(text)).get('millrace_x')!;
    expect(samples.map(({ labels }) => labels)).toEqual([
      { a: 'say "hi"\\', b: 'two\nlines' },
      { a: '', b: 'é' },
    ]);
  });

  it('adds up the buckets of a histogram', () => {
    const text = new MetricsText();
    const metric: Metric = { name: 'millrace_h', type: 'histogram', labels: ['a'], help: 'H.' };
    text.histogram(metric, { bounds: [0.5, 1], counts: [2, 0, 3], sum: 9.5 }, 'x');
    expect(String(text).split('\n').slice(2, -1)).toEqual([
      'millrace_h_bucket{a="x",le="0.5"} 2',
      'millrace_h_bucket{a="x",le="1"} 2',
      'millrace_h_bucket{a="x",le="+Inf"} 5',
      'millrace_h_sum{a="x"} 9.5',
      'millrace_h_count{a="x"} 5',
    ]);
  });

  it.each([
    'millrace_x 1\n',
    '# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n',
    '# HELP a A.\n# TYPE a gauge\na 1',
    '# HELP a A.\n# TYPE a gauge\na{b="c"d"} 1\n',
    '# HELP a A.\n# TYPE a gauge\na 1\na 2\n',
    '# HELP a A.\n# TYPE a gauge\na one\n',
  ])('is judged by a reader that refuses %j', (text) => {
    expect(() => parseMetrics(text)).toThrow();
  });
});

const HEALTH: EngineHealth = {
  isHealthy: true,
  details: { metastore: { isHealthy: true }, kafka: { isHealthy: true }, commandRunner: { isHealthy: true } },
  serverState: 'READY',
};

const QUERY: QueryStatistics = {
  id: 'CTAS_T_1',
  isPersistent: true,
  state: 'RESTORING',
  error: null,
  rowsIn: 10,
  rowsOut: 7,
  dropped: { late: 2, 'a "reason"': 1 },
  streamTime: 1_500,
  lag: 3,
  lagMs: 2_500,
  figures: {
    tasks: 4,
    commits: { count: 5, seconds: 0.25, secondsGreatest: 0.1 },
    restore: { applied: 30, total: 40 },
    changelog: { records: 50, bytes: 6_000 },
  },
};

function engineWith(statistics: () => Promise<EngineStatistics>, health: EngineHealth = HEALTH): Engine {
  return {
    info: () => ({ millraceVersion: '1.2.3', serviceId: 'shop_' }),
    health: async () => health,
    statistics,
  } as unknown as Engine;
}

async function metricsOf(engine: Engine, figures = new ServerFigures()): Promise<Map<string, Family>> {
  const response = await createApp(engine, { figures }).fetch(new Request('http://localhost/metrics'));
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return parseMetrics(await response.text());
}

/** The values of a family by its labels, written one after the other. */
function valuesOf(families: Map<string, Family>, name: string): Record<string, number> {
  const samples = families.get(`millrace_${name}`)?.samples ?? [];
  return Object.fromEntries(samples.map(({ labels, value }) => [Object.values(labels).join(' '), value]));
}

describe('/metrics', () => {
  it('tells everything that is told of a query, under the names and labels of the table', async () => {
    const figures = new ServerFigures(() => 12);
    figures.answered('/ksql', 200);
    figures.answered('/ksql', 200);
    figures.answered('/ksql', 400);
    figures.eventLoopDelay.start();
    await new Promise((resolve) => setTimeout(resolve, 120));
    figures.eventLoopDelay.stop();
    const statistics = async () => ({ queries: [QUERY, { ...QUERY, id: 'B' }], pushQueries: 2 });
    const families = await metricsOf(engineWith(statistics), figures);
    expect([...families.values()].map(({ name, type }) => [name, type])).toEqual(
      Object.values(METRICS).map(({ name, type }) => [name, type]),
    );
    for (const { name, labels, help } of Object.values(METRICS)) {
      const family = families.get(name)!;
      expect(family.help).toBe(help);
      for (const sample of family.samples) {
        expect(Object.keys(sample.labels).filter((label) => label !== 'le')).toEqual(labels);
      }
    }
    const of = (name: string) => valuesOf(families, name);
    expect(of('info')).toEqual({ '1.2.3 shop_': 1 });
    expect(of('http_connections')).toEqual({ '': 12 });
    expect(of('http_requests_total')).toEqual({ '/ksql 200': 2, '/ksql 400': 1 });
    expect(of('push_queries')).toEqual({ '': 2 });
    expect(of('query_state')).toMatchObject({ 'CTAS_T_1 RESTORING': 1, 'CTAS_T_1 RUNNING': 0, 'B UNASSIGNED': 0 });
    expect(of('query_rows_in_total')).toEqual({ CTAS_T_1: 10, B: 10 });
    expect(of('query_rows_out_total')['B']).toBe(7);
    expect(of('query_dropped_records_total')).toMatchObject({ 'B late': 2, 'B a "reason"': 1 });
    expect(of('query_lag_records')['B']).toBe(3);
    expect(of('query_lag_seconds')['B']).toBe(2.5);
    expect(of('query_stream_time_seconds')['B']).toBe(1.5);
    expect(of('query_commit_max_seconds')['B']).toBe(0.1);
    expect(families.get('millrace_query_commit_seconds')!.samples.map(({ value }) => value)).toEqual([
      0.25, 5, 0.25, 5,
    ]);
    expect([of('query_restored_records')['B'], of('query_restore_target_records')['B']]).toEqual([30, 40]);
    expect([of('query_changelog_records_total')['B'], of('query_changelog_bytes_total')['B']]).toEqual([50, 6_000]);
    expect(of('query_tasks')['B']).toBe(4);
  });

  it('leaves out what nobody knows, and push queries', async () => {
    const { figures } = QUERY;
    const quiet = { ...QUERY, lagMs: null, streamTime: null, figures: { ...figures!, restore: null, changelog: null } };
    const push = { ...QUERY, id: 'transient_1', isPersistent: false, figures: null };
    const families = await metricsOf(engineWith(async () => ({ queries: [quiet, push], pushQueries: 1 })));
    const missing = Object.values(METRICS).filter(({ name }) => !families.has(name));
    expect(missing.map(({ name }) => name.slice('millrace_'.length))).toEqual([
      'event_loop_delay_seconds',
      'http_connections',
      'http_requests_total',
      'query_lag_seconds',
      'query_stream_time_seconds',
      'query_restore_target_records',
      'query_restored_records',
      'query_changelog_records_total',
      'query_changelog_bytes_total',
    ]);
    expect(valuesOf(families, 'query_tasks')).toEqual({ CTAS_T_1: 4 });
  });

  it('goes on telling of the node when the engine does not answer', async () => {
    const ill: EngineHealth = {
      ...HEALTH,
      isHealthy: false,
      details: { ...HEALTH.details, kafka: { isHealthy: false, reason: 'gone' }, shards: { isHealthy: true } },
    };
    const failing = () => Promise.reject(new SystemError('the stream thread has failed'));
    const families = await metricsOf(engineWith(failing, ill));
    expect(valuesOf(families, 'healthy')).toEqual({ metastore: 1, kafka: 0, commandRunner: 1, shards: 1 });
    expect(families.has('millrace_uptime_seconds')).toBe(true);
    expect(families.has('millrace_query_tasks')).toBe(false);
  });

  it('does not hide a fault of its own', async () => {
    const app = createApp(
      engineWith(() => Promise.reject(new Error('a fault'))),
      { log: () => {} },
    );
    expect((await app.fetch(new Request('http://localhost/metrics'))).status).toBe(500);
  });

  it('counts requests by endpoint and status, whatever became of them', async () => {
    const figures = new ServerFigures();
    const engine = engineWith(async () => ({ queries: [], pushQueries: 0 }));
    const app = createApp(engine, { figures, hosts: 'loopback', log: () => {} });
    const ask = (path: string, method = 'GET', host = 'localhost') =>
      app.fetch(new Request(`http://${host}${path}`, { method, headers: { host } }));
    await ask('/healthcheck');
    await ask('/status/stream/a/create');
    await ask('/ksql', 'DELETE');
    await ask('/nowhere/1');
    await ask('/nowhere/2');
    await ask('/healthcheck', 'GET', 'evil.example');
    expect(figures.requests()).toEqual([
      { route: '/healthcheck', status: 200, count: 1 },
      { route: '/status/:type/:entity/:action', status: 500, count: 1 },
      { route: '/ksql', status: 405, count: 1 },
      { route: 'other', status: 404, count: 2 },
      { route: 'other', status: 403, count: 1 },
    ]);
  });
});

describe('the delay of the event loop', () => {
  it('shows that something has blocked it', async () => {
    const delay = new EventLoopDelay();
    expect(delay.histogram()).toBeNull();
    delay.start();
    const until = performance.now() + 200;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 10));
    delay.stop();
    const { bounds, counts, sum } = delay.histogram()!;
    const beyond = counts.reduce((total, count, i) => (i > bounds.indexOf(0.1) ? total + count : total), 0);
    expect(beyond).toBeGreaterThanOrEqual(1);
    expect(sum).toBeGreaterThan(0.1);
  });
});
