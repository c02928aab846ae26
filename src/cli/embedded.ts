import type { EngineOptions } from '../engine/create-engine.js';
import type { Engine } from '../engine/engine.js';

/** Opens an engine in this process; a file's tasks run in a worker where there is one: not when running from source. */
export async function openEmbedded(
  data: string | null,
  settings: Readonly<Record<string, string>> = {},
  threads?: 0 | 1,
  more: Pick<EngineOptions, 'log' | 'patient'> = {},
): Promise<Engine> {
  const { openEngine } = await import('../engine/create-engine.js');
  const fromSource = import.meta.url.endsWith('.ts');
  return openEngine({
    ...(data === null ? {} : { data }),
    ...more,
    settings,
    threads: fromSource ? 0 : (threads ?? 1),
  });
}
