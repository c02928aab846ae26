import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { functionsReference } from '../src/functions/reference-page.js';
import { builtInFunctions } from '../src/functions/registry.js';

/**
 * Writes docs/reference/functions.md from the definitions, or with `--check` says whether it is up to date.
 * Run it bundled: `npx esbuild scripts/generate-functions-doc.ts --bundle --platform=node --format=esm --packages=external
 * --outfile=node_modules/.cache/generate-functions-doc.mjs && node node_modules/.cache/generate-functions-doc.mjs --check`.
 */
const path = `${process.cwd()}/docs/reference/functions.md`;
const page = functionsReference(builtInFunctions);

if (process.argv.includes('--check')) {
  let held = '';
  try {
    held = readFileSync(path, 'utf8');
  } catch {
    // A missing page is out of date like any other.
  }
  if (held !== page) {
    console.error(`${path} does not match the definitions; run ${fileURLToPath(import.meta.url)} without --check`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(path, page);
}
