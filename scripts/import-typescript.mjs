import { build } from 'esbuild';

/**
 * Imports a TypeScript module with all it needs, without a build before it.
 * `entry` is relative to the working directory, which must be the root of the project.
 */
export async function importTypeScript(entry) {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  const code = Buffer.from(result.outputFiles[0].contents).toString('base64');
  return import(`data:text/javascript;base64,${code}`);
}
