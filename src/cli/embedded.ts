import type { Engine } from '../engine/engine.js';

/** Opens an engine in this process; a file's tasks run in a worker where there is one: not when running from source. */
export async function openEmbedded(
  data: string,
  settings: Readonly<Record<string, string>> = {},
  threads?: 0 | 1,
): Promise<Engine> {
  const { openEngine } = await import('../engine/create-engine.js');
  const fromSource = import.meta.url.endsWith('.ts');
  return openEngine({ data, settings, threads: fromSource ? 0 : (threads ?? 1) });
}
