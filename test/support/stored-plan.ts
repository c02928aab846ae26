import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TopicConfig } from '../../src/broker/broker.js';
import type { Command } from '../../src/engine/command-log.js';
import { openEngine } from '../../src/engine/create-engine.js';
import { NO_CHANGE } from '../../src/engine/engine-core.js';
import type { MillraceEngine } from '../../src/engine/millrace-engine.js';
import { readCommands } from '../../src/executor/thread/commands.js';
import type { PhysicalPlan } from '../../src/planner/physical/physical-plan.js';
import { openDatabase } from '../../src/storage/database.js';
import type { GoldenCase } from './case-file.js';
import { pendingRecords, topicLines } from './case-records.js';

/** What a release wrote down for some statements, and what came of some records: it has to come of them ever after. */
export interface StoredPlan {
  readonly name: string;
  /** The entries that the statements made in the command log; plans in them are objects here. */
  readonly commands: readonly Command[];
  readonly topics: readonly { readonly name: string; readonly config: TopicConfig }[];
  readonly inputs: readonly { readonly topic: string; readonly records: readonly string[] }[];
  readonly outputs: Readonly<Record<string, readonly string[]>>;
}

const SETTINGS = { 'cache.max.bytes.buffering': '0', 'commit.interval.ms': '1' };
const CLOCK = { now: () => 1_700_000_000_000 };

/** Runs the statements with this release's planner and keeps what it writes down. */
export async function recordPlan(golden: GoldenCase): Promise<StoredPlan> {
  return withFile(async (data) => {
    const sql = golden.steps.flatMap((step) => (step.kind === 'run' ? [step.sql] : []));
    const inputs = golden.steps.flatMap((step) =>
      step.kind === 'input' ? [{ topic: step.topic, records: step.records }] : [],
    );
    const engine = (await openEngine({ data, threads: 0, settings: SETTINGS, clock: CLOCK })) as MillraceEngine;
    for (const text of sql) await engine.execute(text);
    const { log } = engine.core.parts;
    const topics = log
      .listTopics()
      .filter(({ name }) => !isInternal(name))
      .map(({ name, partitions, replicas, cleanupPolicy, retentionMs }) => ({
        name,
        config: { partitions, replicas, cleanupPolicy, retentionMs },
      }));
    await engine.close();
    const reader = openDatabase({ path: data, mode: 'reader' });
    const commands = readCommands(reader)
      .slice(1)
      .map(({ text }) => expandPlans(JSON.parse(text) as Command));
    reader.close();
    const recorded = { name: golden.name, commands, topics, inputs };
    return { ...recorded, outputs: await runPlan(recorded) };
  });
}

/** Starts an engine on a command log with the stored entries, and feeds it the stored records. */
export async function runPlan(plan: Omit<StoredPlan, 'outputs'>): Promise<Record<string, readonly string[]>> {
  return withFile(async (data) => {
    const options = { data, threads: 0 as const, settings: SETTINGS, clock: CLOCK };
    const first = (await openEngine(options)) as MillraceEngine;
    await first.core.parts.thread.apply({
      ...NO_CHANGE,
      createTopics: plan.topics,
      commands: plan.commands.map((command) => ({ text: JSON.stringify(foldPlans(command)) })),
    });
    await first.close();
    const engine = (await openEngine(options)) as MillraceEngine;
    try {
      const { core } = engine;
      if (core.quarantined.length > 0) throw new Error(core.quarantined[0]!.reason);
      const { thread, log } = core.parts;
      for (const { topic, records } of plan.inputs) {
        for (const batch of pendingRecords(topic, records, log.describeTopic(topic)!.partitions)) {
          await thread.append([batch]);
        }
        await engine.drain();
      }
      const failed = (await thread.status()).find((query) => query.state !== 'RUNNING');
      if (failed !== undefined) throw new Error(`${failed.queryId}: ${failed.error ?? failed.state}`);
      const fed = new Set(plan.inputs.map(({ topic }) => topic));
      const outputs: Record<string, readonly string[]> = {};
      for (const { name } of plan.topics) if (!fed.has(name)) outputs[name] = await topicLines(log, name);
      return outputs;
    } finally {
      await engine.close();
    }
  });
}

/** The physical plans among the commands. */
export function plansOf(stored: StoredPlan): readonly PhysicalPlan[] {
  return stored.commands.flatMap((command) =>
    command.effects.flatMap((effect) =>
      effect.kind === 'putQuery' ? [effect.query.plan as unknown as PhysicalPlan] : [],
    ),
  );
}

function expandPlans(command: Command): Command {
  return mapPlans(command, (plan) => JSON.parse(plan as string));
}

function foldPlans(command: Command): Command {
  return mapPlans(command, (plan) => JSON.stringify(plan));
}

function mapPlans(command: Command, change: (plan: unknown) => unknown): Command {
  return {
    ...command,
    effects: command.effects.map((effect) =>
      effect.kind === 'putQuery'
        ? { ...effect, query: { ...effect.query, plan: change(effect.query.plan) as string } }
        : effect,
    ),
  };
}

function isInternal(topic: string): boolean {
  return topic.startsWith('_confluent') || topic.endsWith('ksql_processing_log');
}

async function withFile<T>(work: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-plan-'));
  try {
    return await work(join(folder, 'plan.db'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
