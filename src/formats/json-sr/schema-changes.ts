import type { SchemaPlace } from './schema-node.js';

/** What a comparison of the rules of one kind may ask and tell. */
export interface Changes {
  /** A change at a place that makes the schemas incompatible. */
  report(path: string, change: string, words: string): void;
  /** Compares the schemas of a part. Null stands for no rule. */
  within(path: string, writer: SchemaPlace | null, reader: SchemaPlace | null): void;
  /** Whether the reader's schema takes what the writer's gives. */
  accepts(writer: SchemaPlace, reader: SchemaPlace): boolean;
}
