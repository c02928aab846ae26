import type { PendingBatch } from '../../broker/broker.js';
import type { RegisteredSchema } from '../../formats/schema-registry/schema-registry.js';
import { StatementError, type StatementProblem, SystemError } from '../../model/errors.js';
import type { SqlValue } from '../../model/value.js';
import type { PhysicalPlan } from '../../planner/physical/physical-plan.js';
import type { DeployOptions, ThreadChange, ThreadEvent } from './stream-thread.js';

/** What the main thread asks of a stream thread in a worker. Each call is answered by one {@link Answer} with its `id`. */
export type Call =
  | { readonly call: 'apply'; readonly change: ThreadChange }
  | { readonly call: 'append'; readonly batches: readonly PendingBatch[] }
  | { readonly call: 'pause' | 'resume' | 'stopTransient'; readonly queryId: string }
  | { readonly call: 'startTransient'; readonly plan: PhysicalPlan; readonly options: DeployOptions }
  | { readonly call: 'status' | 'drain' | 'close' };

export type Request =
  | (Call & { readonly id: number })
  /** Rows of a transient query have been received; not answered. */
  | { readonly call: 'received'; readonly queryId: string; readonly rows: number }
  /** The answer to `wantSchema`; not answered. */
  | { readonly call: 'schema'; readonly schemaId: number; readonly schema: RegisteredSchema | null };

export type Answer =
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: ErrorData };

/** What a worker sends. */
export type Reply =
  | Answer
  | { readonly kind: 'ready' }
  /** It could not begin. */
  | { readonly kind: 'refused'; readonly error: ErrorData }
  | { readonly kind: 'event'; readonly event: ThreadEvent }
  /** Records were written with a schema that the worker does not know. */
  | { readonly kind: 'wantSchema'; readonly schemaId: number };

/** An error as plain data. */
export interface ErrorData {
  readonly type: 'system' | 'statement';
  readonly message: string;
  readonly code: string;
  readonly retriable: boolean;
  readonly hint: string | undefined;
  readonly problem: StatementProblem;
}

export function errorToData(error: unknown): ErrorData {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof StatementError) {
    const { code, hint, problem } = error;
    return { type: 'statement', message, code, retriable: false, hint, problem };
  }
  const { code, retriable, hint } = error instanceof SystemError ? error : new SystemError(message);
  return { type: 'system', message, code, retriable, hint, problem: 'engine' };
}

export function errorFromData(data: ErrorData): StatementError | SystemError {
  const { message, code, retriable, problem } = data;
  const hint = data.hint === undefined ? {} : { hint: data.hint };
  return data.type === 'statement'
    ? new StatementError(message, { code, problem, ...hint })
    : new SystemError(message, { code, retriable, ...hint });
}

/** The memory of batches that can be handed over as it is: buffers that are not part of a larger one. */
export function transferable(batches: readonly PendingBatch[]): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  for (const { bytes } of batches) {
    const { buffer } = bytes;
    if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length) found.add(buffer);
  }
  return [...found];
}

/** A view of the same memory as a Buffer: what comes out of a message is a plain Uint8Array. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The same value with Buffers where a message has made plain arrays of bytes of them. */
export function withBuffers(value: SqlValue): SqlValue {
  if (value instanceof Uint8Array) return asBuffer(value);
  if (Array.isArray(value)) return value.map(withBuffers);
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [withBuffers(k), withBuffers(v)]));
  return value;
}
