import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach } from 'vitest';
import { builtInFunctions } from '../../../../src/functions/registry.js';
import type { NameRules } from '../../../../src/functions/user/check-definition.js';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder with these files, which is removed when the test ends. */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-modules-'));
  folders.push(folder);
  writeFiles(folder, files);
  return folder;
}

export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** The text of a module with one scalar function of a STRING. */
export function scalarModule(name: string, code: string, signature = '(text STRING) -> STRING'): string {
  return `import { defineScalar } from 'millrace';
export const f = defineScalar({
  name: '${name}',
  description: 'A function.',
  variants: [{ signature: '${signature}', nulls: 'propagate', evaluate: ${code} }],
});
`;
}

export const RULES: NameRules = {
  isBuiltIn: (name) => builtInFunctions.some((definition) => definition.name === name),
  isCallable: (name) => name !== 'SELECT',
};
