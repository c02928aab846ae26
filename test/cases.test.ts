import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseCaseFile, updateCaseFile } from './support/case-file.js';
import { runCase, VARIANTS } from './support/case-runner.js';

const FOLDER = join(import.meta.dirname, 'cases');
const UPDATE = process.env['MILLRACE_UPDATE_CASES'] === '1';

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.case'))) {
  const path = join(FOLDER, file);
  const text = readFileSync(path, 'utf8');
  const replacements = new Map<number, { old: number; lines: readonly string[] }>();

  describe(file, () => {
    for (const golden of parseCaseFile(text)) {
      for (const variant of UPDATE ? VARIANTS.slice(0, 1) : VARIANTS) {
        it(`${golden.name}, ${variant.name}`, async () => {
          await runCase(golden, variant, ({ step, actual }) => {
            if (UPDATE) replacements.set(step.line, { old: step.expected.length, lines: actual });
            else
              expect(actual, `> ${step.kind} ${step.argument}`).toEqual(
                step.kind === 'rows' ? [...step.expected].sort() : step.expected,
              );
          });
        });
      }
    }
    afterAll(() => {
      if (replacements.size > 0) writeFileSync(path, updateCaseFile(text, replacements));
    });
  });
}
