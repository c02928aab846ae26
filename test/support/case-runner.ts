import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from '../../src/engine/create-engine.js';
import type { Engine, QueryHandle, ResultColumn, Session } from '../../src/engine/engine.js';
import type { MillraceEngine } from '../../src/engine/millrace-engine.js';
import { StatementError } from '../../src/model/errors.js';
import { valueText } from '../../src/model/value-text.js';
import { splitStatements } from '../../src/parser/split.js';
import type { Expectation, GoldenCase } from './case-file.js';
import { pendingRecords, topicLines } from './case-records.js';
import { entityLines } from './entity-text.js';

/** A way of running every case; results must not depend on it. */
export interface CaseVariant {
  readonly name: string;
  readonly onFile: boolean;
  /** Bytes of the write-behind cache; 0 shows every change. */
  readonly cacheBytes: number;
  readonly commitIntervalMs: number;
  /** What `#PARTITIONS#` stands for in the SQL. */
  readonly partitions: number;
  /** Whether the engine is closed and opened again before each step. */
  readonly restarts: boolean;
  /** Brokers to run on instead of the embedded log. */
  readonly kafka?: string;
  /** Only rows and refusals are the same in any variant; changes, plans and answers are for the plain one. */
  readonly checks: ReadonlySet<Expectation['kind']>;
}

export const VARIANTS: readonly CaseVariant[] = [
  {
    name: 'in memory',
    onFile: false,
    cacheBytes: 0,
    commitIntervalMs: 5,
    partitions: 1,
    restarts: false,
    checks: new Set(['rows', 'changes', 'topic', 'answer', 'plan', 'error']),
  },
  {
    name: 'on a file, several partitions, stopped and started before each step',
    onFile: true,
    cacheBytes: 10_000_000,
    commitIntervalMs: 5,
    partitions: 3,
    restarts: true,
    checks: new Set(['rows', 'error']),
  },
  {
    name: 'on a file, a cache that holds next to nothing, a commit at every turn',
    onFile: true,
    cacheBytes: 300,
    commitIntervalMs: 1,
    partitions: 2,
    restarts: false,
    checks: new Set(['rows', 'error']),
  },
];

export interface StepResult {
  readonly step: Expectation;
  readonly actual: readonly string[];
}

/**
 * Runs a case and gives what came out at each expectation that the variant checks.
 * @param onResult called with each as it comes, so that a case that breaks off has told what it had
 */
export async function runCase(
  golden: GoldenCase,
  variant: CaseVariant,
  onResult: (result: StepResult) => void,
): Promise<void> {
  const folder = variant.onFile ? mkdtempSync(join(tmpdir(), 'millrace-case-')) : null;
  const options = {
    data: folder === null ? ':memory:' : join(folder, 'case.db'),
    threads: 0 as const,
    settings: {
      ...(variant.kafka === undefined ? {} : { 'ksql.streams.bootstrap.servers': variant.kafka }),
      'cache.max.bytes.buffering': String(variant.cacheBytes),
      'commit.interval.ms': String(variant.commitIntervalMs),
    },
    clock: { now: () => 1_700_000_000_000 },
  };
  let engine: Engine = await openEngine(options);
  const session = engine.session();
  try {
    for (const step of golden.steps) {
      if (variant.restarts) {
        await engine.close();
        engine = await openEngine(options);
        // Shards of a cluster are found and made ready after the engine is.
        if (variant.kafka !== undefined) await engine.drain();
      }
      switch (step.kind) {
        case 'run':
          // Nothing else holds a later statement back from overtaking what an earlier one has set going.
          for (const sql of variant.kafka === undefined
            ? [step.sql]
            : splitStatements(step.sql).map(({ text }) => text)) {
            await engine.execute(withPartitions(sql, variant), session);
            await engine.drain();
          }
          break;
        case 'input':
          await input(engine, step.topic, step.records);
          await engine.drain();
          break;
        case 'answer': {
          // Runs anywhere: the statement may be there for what it does.
          const actual = await observe(step, engine, session, variant);
          if (variant.checks.has(step.kind)) onResult({ step, actual });
          break;
        }
        default:
          if (variant.checks.has(step.kind)) {
            onResult({ step, actual: await observe(step, engine, session, variant) });
          }
      }
    }
  } finally {
    await engine.close();
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  }
}

async function input(engine: Engine, topic: string, records: readonly string[]): Promise<void> {
  const { thread, log } = (engine as MillraceEngine).core.parts;
  await log.refresh();
  const partitions = log.describeTopic(topic)!.partitions;
  for (const batch of pendingRecords(topic, records, partitions)) await thread.append([batch]);
}

async function observe(
  step: Expectation,
  engine: Engine,
  session: Session,
  variant: CaseVariant,
): Promise<readonly string[]> {
  const sql = withPartitions(step.argument, variant);
  switch (step.kind) {
    case 'rows':
      return (await rowsOf(engine, session, sql)).sort();
    case 'changes':
      return rowsOf(engine, session, sql);
    case 'topic':
      return topicLines((engine as MillraceEngine).core.parts.log, sql.trim());
    case 'answer':
      return (await engine.execute(sql, session)).flatMap(entityLines);
    case 'plan': {
      const [entity] = await engine.execute(`EXPLAIN ${sql.replace(/;?\s*$/, ';')}`, session);
      if (entity?.['@type'] !== 'queryDescription') throw new Error(`no plan for ${sql}`);
      return entity.queryDescription.executionPlan.replaceAll('\t', '  ').split('\n');
    }
    case 'error':
      try {
        if (/^\s*(select|print)/i.test(sql)) await rowsOf(engine, session, sql);
        else await engine.execute(sql, session);
        return ['nothing was refused'];
      } catch (error) {
        if (!(error instanceof StatementError)) throw error;
        return [`${error.code}: ${error.message}`, ...(error.hint === undefined ? [] : [`hint: ${error.hint}`])]
          .join('\n')
          .split('\n')
          .filter((line) => line.trim() !== '');
      }
  }
}

async function rowsOf(engine: Engine, session: Session, sql: string): Promise<string[]> {
  const handle = (await engine.query(sql, session, { bounded: true })) as QueryHandle;
  const lines: string[] = [];
  for await (const batch of handle.batches) {
    for (const row of batch) lines.push(`${row.tombstone ? '- ' : ''}${rowText(handle.columns, row.values)}`);
  }
  return lines;
}

function rowText(columns: readonly ResultColumn[], values: readonly unknown[]): string {
  return `[${values
    .map((value, i) => {
      const { type } = columns[i]!;
      if (value === null) return 'null';
      return type.kind === 'STRING' ? JSON.stringify(value) : valueText(type, value as never);
    })
    .join(', ')}]`;
}

function withPartitions(sql: string, variant: CaseVariant): string {
  return sql.replaceAll('#PARTITIONS#', String(variant.partitions));
}
