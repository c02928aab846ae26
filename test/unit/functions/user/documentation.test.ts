import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadFolder } from '../../../../src/functions/user/load-folder.js';
import { ModuleStore } from '../../../../src/functions/user/module-store.js';
import { storedRegistry } from '../../../../src/functions/user/stored-registry.js';
import { findTypeStripper } from '../../../../src/functions/user/strip-types.js';
import { BIGINT, STRING } from '../../../../src/model/sql-type.js';
import { fold } from '../call.js';
import { folderOf, RULES } from './modules.js';

it('shows functions that work', () => {
  const page = readFileSync('docs/user-functions.md', 'utf8');
  const [typescript, javascript] = ['ts', 'js'].map((language) => {
    const [, text] = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page)!;
    return text!;
  });
  const strip = findTypeStripper(import.meta.dirname)!;
  const root = folderOf({});
  const store = new ModuleStore(root);
  const folder = folderOf({ 'initials.js': strip(typescript!, 'initials.ts'), 'product.js': javascript! });
  const { modules, problems } = loadFolder(folder, store, RULES);
  expect(problems).toEqual([]);
  store.setCurrent(modules.map(({ version }) => version));
  const registry = storedRegistry(root);
  const { signature } = registry.resolve('INITIALS', [{ kind: 'value', type: STRING }]);
  const { code } = registry.scalar('INITIALS', signature, [STRING], STRING, { now: () => 0, random: () => 0 });
  expect((code as unknown as (name: string) => string)('Ada Lovelace')).toBe('AL');
  const product = registry.resolve('PRODUCT', [{ kind: 'value', type: BIGINT }]);
  const aggregate = registry.aggregate('PRODUCT', product.signature, [BIGINT], []);
  expect(fold(aggregate, [6, null, 2 ** 50, 8])).toBe(48n * 2n ** 50n);
});
