/** `npm start`: `millrace demo`, with the arguments given, on what is there after {@link prepare}. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare, root } from './prepare.mjs';

prepare();
const cli = join(root, 'dist/cli.js');
process.argv = [process.argv[0], cli, 'demo', ...process.argv.slice(2)];
await import(pathToFileURL(cli).href);
