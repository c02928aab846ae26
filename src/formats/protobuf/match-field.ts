import type { MessageType, ProtoField, ProtoOneof } from './proto-schema.js';
import { fieldName } from './schema-for.js';

/** What a column, or a field of a STRUCT, stands for in a message. */
export type FieldMatch =
  | { readonly kind: 'field'; readonly field: ProtoField }
  | { readonly kind: 'oneof'; readonly oneof: ProtoOneof };

/** The part of a message that names are looked up in. */
export type FieldScope = Pick<MessageType, 'fields' | 'oneofs'>;

/** The name of the STRUCT that Connect makes of a oneof. */
export function oneofName(oneof: ProtoOneof, index: number): string {
  return `${oneof.name}_${index}`;
}

/**
 * The field of that name, else the oneof that Connect calls so; if there is none, the first whose name differs in case only. Null when there is
 * none. The fields of a oneof are found by their own names too.
 */
export function matchField({ fields, oneofs }: FieldScope, name: string): FieldMatch | null {
  const wanted = fieldName(name);
  const match = (isWanted: (candidate: string) => boolean): FieldMatch | null => {
    const field = fields.find((candidate) => isWanted(candidate.name));
    if (field !== undefined) return { kind: 'field', field };
    const oneof = oneofs.find((candidate, i) => isWanted(oneofName(candidate, i)));
    return oneof === undefined ? null : { kind: 'oneof', oneof };
  };
  const upper = wanted.toUpperCase();
  return match((candidate) => candidate === wanted) ?? match((candidate) => candidate.toUpperCase() === upper);
}
