import { RecordBatchCursor } from '../../broker/record-batch-cursor.js';
import { formatNamed } from '../../formats/index.js';
import { framedId } from '../../formats/schema-registry/framing.js';
import type { ThreadSchemas } from '../../formats/schema-registry/schema-cache.js';
import { type PhysicalPlan, walkSteps } from '../../planner/physical/physical-plan.js';
import { visitRows } from '../operators/repartition.js';

/**
 * Holds the batches of an input back until the schemas that their records were written with are known, so that nothing has to wait in the middle of
 * a batch.
 */
export class SchemaGate {
  readonly #schemas: ThreadSchemas;
  readonly #halves: FramedHalves;
  readonly #cursor = new RecordBatchCursor();
  /** The id that was looked at last in this batch. */
  #last: number | null = null;
  #all = true;

  constructor(schemas: ThreadSchemas, halves: FramedHalves) {
    this.#schemas = schemas;
    this.#halves = halves;
  }

  /** Whether every schema of the batch is known; asks for those that are not. */
  admits(bytes: Buffer): boolean {
    const cursor = this.#cursor;
    const { key, value } = this.#halves;
    cursor.reset(bytes);
    this.#all = true;
    // What is known to be none may be registered by now: each batch asks anew.
    this.#last = null;
    while (!cursor.isControl && cursor.next()) {
      if (key && cursor.keyStart >= 0) this.#look(cursor.keyStart, cursor.keyEnd);
      if (value === null || cursor.valueStart < 0) continue;
      if (value === 'row') this.#look(cursor.valueStart, cursor.valueEnd);
      else visitRows(cursor.bytes, cursor.valueStart, cursor.valueEnd, value === 'changes', this.#look);
    }
    return this.#all;
  }

  readonly #look = (start: number, end: number): void => {
    const id = framedId(this.#cursor.bytes, start, end);
    if (id === null || id === this.#last) return;
    if (this.#schemas.ask(id)) this.#last = id;
    else this.#all = false;
  };
}

/** What of a record begins with the id of a schema. */
interface FramedHalves {
  readonly key: boolean;
  /** `row`: as in any topic; `flagged`, `changes`: as in repartition topics of streams and tables. */
  readonly value: 'row' | 'flagged' | 'changes' | null;
}

/** The gate of a topic that a plan reads; null when no half of its records names a schema. */
export function gateOf(plan: PhysicalPlan, topic: string, schemas: ThreadSchemas): SchemaGate | null {
  let key = false;
  let value: FramedHalves['value'] = null;
  walkSteps(plan.root, (step) => {
    if (!('keyFormat' in step) || step.topic !== topic) return;
    key ||= hasRegistry(step.keyFormat.name);
    if (!hasRegistry(step.valueFormat.name)) return;
    value = step.kind === 'repartition' ? (step.changes ? 'changes' : 'flagged') : 'row';
  });
  return key || value !== null ? new SchemaGate(schemas, { key, value }) : null;
}

function hasRegistry(name: string): boolean {
  return formatNamed(name)?.support.schemaRegistry === true;
}
