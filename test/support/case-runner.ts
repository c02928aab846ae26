import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from '../../src/engine/create-engine.js';
import type { Engine, QueryHandle, ResultColumn } from '../../src/engine/engine.js';
import { StatementError } from '../../src/model/errors.js';
import { valueText } from '../../src/model/value-text.js';
import type { CaseStep, GoldenCase } from './case-file.js';

/** A way of running every case; results must not depend on it. */
export interface CaseVariant {
  readonly name: string;
  readonly onFile: boolean;
  /** Bytes of the write-behind cache; 0 shows every change. */
  readonly cacheBytes: number;
  /** What `${partitions}` stands for in the SQL. */
  readonly partitions: number;
  /** Whether the engine is closed and opened again before each step. */
  readonly restarts: boolean;
  /** Only rows of tables are the same in any variant; changes, plans and answers are for the plain one. */
  readonly checks: ReadonlySet<CaseStep['kind']>;
}

export const VARIANTS: readonly CaseVariant[] = [
  {
    name: 'in memory',
    onFile: false,
    cacheBytes: 0,
    partitions: 1,
    restarts: false,
    checks: new Set(['rows', 'changes', 'answer', 'plan', 'error']),
  },
  {
    name: 'on a file, several partitions, stopped and started before each step',
    onFile: true,
    cacheBytes: 10_000_000,
    partitions: 3,
    restarts: true,
    checks: new Set(['rows', 'error']),
  },
];

export interface StepResult {
  readonly step: Exclude<CaseStep, { readonly kind: 'run' }>;
  readonly actual: readonly string[];
}

/** Runs a case and gives what came out at each expectation that the variant checks. */
export async function runCase(golden: GoldenCase, variant: CaseVariant): Promise<StepResult[]> {
  const folder = variant.onFile ? mkdtempSync(join(tmpdir(), 'millrace-case-')) : null;
  const options = {
    data: folder === null ? ':memory:' : join(folder, 'case.db'),
    threads: 0 as const,
    settings: { 'cache.max.bytes.buffering': String(variant.cacheBytes), 'commit.interval.ms': '5' },
    clock: { now: () => 1_700_000_000_000 },
  };
  const results: StepResult[] = [];
  let engine: Engine = await openEngine(options);
  try {
    for (const step of golden.steps) {
      if (variant.restarts) {
        await engine.close();
        engine = await openEngine(options);
      }
      if (step.kind === 'run') {
        await engine.execute(withPartitions(step.sql, variant));
        await engine.drain();
      } else if (variant.checks.has(step.kind)) {
        results.push({ step, actual: await observe(step, engine, variant) });
      }
    }
  } finally {
    await engine.close();
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  }
  return results;
}

async function observe(
  step: Exclude<CaseStep, { readonly kind: 'run' }>,
  engine: Engine,
  variant: CaseVariant,
): Promise<readonly string[]> {
  const sql = withPartitions(step.argument, variant);
  switch (step.kind) {
    case 'rows':
      return (await rowsOf(engine, sql)).sort();
    case 'changes':
      return rowsOf(engine, sql);
    case 'answer':
      return (await engine.execute(sql)).map((entity) =>
        JSON.stringify({ ...entity, statementText: undefined, warnings: undefined }),
      );
    case 'plan': {
      const [entity] = await engine.execute(`EXPLAIN ${sql};`);
      if (entity?.['@type'] !== 'queryDescription') throw new Error(`no plan for ${sql}`);
      return entity.queryDescription.executionPlan.replaceAll('\t', '  ').split('\n');
    }
    case 'error':
      try {
        if (/^\s*(select|print)/i.test(sql)) await rowsOf(engine, sql);
        else await engine.execute(sql);
        return ['nothing was refused'];
      } catch (error) {
        if (!(error instanceof StatementError)) throw error;
        return [`${error.code}: ${error.message}`, ...(error.hint === undefined ? [] : [`hint: ${error.hint}`])]
          .join('\n')
          .split('\n');
      }
  }
}

async function rowsOf(engine: Engine, sql: string): Promise<string[]> {
  const handle = (await engine.query(sql, engine.session(), { bounded: true })) as QueryHandle;
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
