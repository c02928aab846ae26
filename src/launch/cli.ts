import { enableCodeCache, runBundle } from './run-bundle.js';

/* The command line: `dist/cli.js`. */

/** Commands that serve until they are told to stop. */
const SERVING = ['server', 'demo'];

const [command = 'help', ...rest] = process.argv.slice(2);
const asksForHelp = rest.some((word) => word === '--help' || word === '-h');
const name = /^[a-z]+$/.test(command) && !asksForHelp ? command : 'help';
enableCodeCache();
runBundle(new URL('./millrace.cjs', import.meta.url), name, !SERVING.includes(name)).cli();
