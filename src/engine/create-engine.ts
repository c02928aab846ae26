import type { Clock } from '../model/time.js';
import type { Engine } from './engine.js';

/** How an engine is opened. */
export interface EngineOptions {
  /** Path of the engine's file, or `:memory:` (the default). */
  readonly data?: string;
  /** 1 runs tasks in a worker thread (the default for files), 0 on the caller's event loop (always so in memory). */
  readonly threads?: 0 | 1;
  /** Server-level settings by ksqlDB's names. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

/** Opens an engine: the one entry of the library. The only file that names concrete adapters. */
export declare function openEngine(options?: EngineOptions): Promise<Engine>;
