/** Writes the types of the library: those of src/index.ts and of what it reaches, nothing else. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { root } from './prepare.mjs';

export async function buildDeclarations(outdir) {
  const all = `${outdir}.all`;
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  try {
    await promisify(execFile)(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', all], { cwd: root });
  } catch (error) {
    throw new Error(`the types of the library cannot be written:\n${error.stdout || error.message}`);
  }
  for (const file of reachable(join(all, 'index.d.ts'))) {
    const target = join(outdir, relative(all, file));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(file, target);
  }
  rmSync(all, { recursive: true, force: true });
}

/** The declaration files that one needs. @throws Error when one of them needs a package, whose types users may not have */
function reachable(entry) {
  const found = new Set([entry]);
  for (const file of found) {
    for (const [, specifier] of withoutComments(file).matchAll(/(?:from |import\()['"]([^'"]+)['"]/g)) {
      if (specifier.startsWith('node:')) continue;
      if (!specifier.startsWith('.')) {
        throw new Error(`the types of the library need the package ${specifier} (in ${relative(root, file)})`);
      }
      found.add(resolve(dirname(file), specifier.replace(/\.js$/, '.d.ts')));
    }
  }
  return found;
}

function withoutComments(file) {
  return readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '');
}
