import { EngineBackend } from '../backend/engine-backend.js';
import { engineSettings, readText, withFunctions } from '../config/server-config.js';
import { openEmbedded } from '../embedded.js';
import type { ExitCode } from '../exit.js';
import type { OutputFormat } from '../render/output-format.js';
import { Shell } from '../shell.js';
import { type Terminal, warnings } from '../terminal.js';
import { runToEnd } from './sql.js';

export interface RunOptions {
  readonly data: string;
  readonly output: OutputFormat;
  readonly set: readonly string[];
  readonly functionsDir?: string;
}

/** `millrace run`: statements on an engine of its own, until everything they inserted has been processed. */
export async function runFiles(paths: readonly string[], options: RunOptions, terminal: Terminal): Promise<ExitCode> {
  const settings = withFunctions(engineSettings(options.set), options.functionsDir);
  const files = paths.map((path) => ({ path, text: readText(path, 'script') }));
  const engine = await openEmbedded(options.data, settings, undefined, { log: warnings(terminal) });
  const shell = new Shell(new EngineBackend(engine, options.data, { bounded: true }), terminal, {
    output: options.output,
    session: engine.session(),
    open: async (target) => (await import('../backend/open-backend.js')).openBackend(target),
    bounded: true,
    quiet: true,
  });
  try {
    return await runToEnd(shell, async () => {
      for (const { path, text } of files) if (!(await shell.run(text, { name: path, firstLine: 1 }))) break;
      await engine.drain();
    });
  } finally {
    await shell.close();
  }
}
