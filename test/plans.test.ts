import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { type PhysicalStepKind, walkSteps } from '../src/planner/physical/physical-plan.js';
import { parseCaseFile } from './support/case-file.js';
import { plansOf, recordPlan, runPlan, type StoredPlan } from './support/stored-plan.js';

const FOLDER = join(import.meta.dirname, 'plans');
const UPDATE = process.env['MILLRACE_UPDATE_CASES'] === '1';

const SOURCES = parseCaseFile(readFileSync(join(FOLDER, 'sources.case'), 'utf8'));
const RELEASES = readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory());

function read(path: string): StoredPlan {
  return JSON.parse(readFileSync(path, 'utf8')) as StoredPlan;
}

/** Every kind of step; the compiler asks for new ones, and the test for a plan that has them. */
const STEP_KINDS: Readonly<Record<PhysicalStepKind, true>> = {
  streamSource: true,
  tableSource: true,
  streamFilter: true,
  tableFilter: true,
  streamProject: true,
  tableProject: true,
  flatMap: true,
  streamRekey: true,
  tableRekey: true,
  repartition: true,
  aggregate: true,
  streamTableJoin: true,
  streamStreamJoin: true,
  tableTableJoin: true,
  foreignKeyJoin: true,
  materialize: true,
};

/* A plan that was released is never written again: `MILLRACE_UPDATE_CASES=1` adds those that are missing for this release. */
describe(`plans of release ${packageJson.version}`, () => {
  const folder = join(FOLDER, packageJson.version);
  for (const source of SOURCES) {
    const path = join(folder, `${source.name.replaceAll(/[^a-z]+/g, '-')}.json`);
    it(`are kept for: ${source.name}`, async () => {
      if (UPDATE && !existsSync(path)) {
        mkdirSync(folder, { recursive: true });
        writeFileSync(path, `${JSON.stringify(await recordPlan(source), null, 1)}\n`);
      }
      expect(existsSync(path), 'MILLRACE_UPDATE_CASES=1 writes it').toBe(true);
    });
  }

  it('have every kind of step', () => {
    const seen = new Set<string>();
    for (const file of readdirSync(folder)) {
      for (const plan of plansOf(read(join(folder, file)))) walkSteps(plan.root, (step) => seen.add(step.kind));
    }
    expect(Object.keys(STEP_KINDS).filter((kind) => !seen.has(kind))).toEqual([]);
  });
});

describe('plans of all releases still run', () => {
  for (const release of RELEASES) {
    for (const file of readdirSync(join(FOLDER, release.name))) {
      it(`${release.name}/${file}`, async () => {
        const stored = read(join(FOLDER, release.name, file));
        expect(await runPlan(stored)).toEqual(stored.outputs);
      });
    }
  }
});
