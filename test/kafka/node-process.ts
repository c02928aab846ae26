import { openEngine } from '../../src/engine/create-engine.js';
import { serve } from '../../src/server/serve.js';

// A node in a process of its own, which can be killed. Arguments: its folder, and its settings as JSON. Says where it answers.

const [data, settings] = process.argv.slice(2);
const engine = await openEngine({ data: data!, threads: 0, settings: JSON.parse(settings!) });
const { url } = await serve(engine, { port: 0 });
process.stdout.write(`${url}\n`);
