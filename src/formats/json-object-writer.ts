import { quoteJsonString } from '../model/json-text.js';
import type { SqlValue } from '../model/value.js';
import type { ByteSink, Serializer } from './format.js';

/** Appends one value that is not null as JSON. */
export type JsonValueWriter = (sink: ByteSink, value: SqlValue) => void;

export interface JsonMember {
  readonly name: string;
  /** The position of its value among the parameters; null when it has none and is always null. */
  readonly from: number | null;
  readonly write: JsonValueWriter;
  /** Makes the error for a null where there must be a value; null when `null` is written. */
  readonly refusal: (() => Error) | null;
}

/**
 * Writes an object with all members, nulls included. The function is generated: the text between the values is a run of byte stores, and each value's
 * call site sees one writer only.
 * @param parameters how many values `write` is given
 * @param lead bytes before the object
 */
export function jsonObjectWriter(
  parameters: number,
  members: readonly JsonMember[],
  lead: readonly number[] = [],
): Serializer['write'] {
  const steps = members.map(({ name, from }, i) => {
    const text = stores(`${i === 0 ? '{' : ','}${quoteJsonString(name)}:`, i === 0 ? lead : []);
    const none = members[i]!.refusal === null ? stores('null') : `throw members[${i}].refusal();`;
    if (from === null) return `${text} ${none}`;
    return `${text}
      if (v${from} === null) {
        ${none}
      } else {
        w${i}(sink, v${from});
      }`;
  });
  const body = `
    ${members.map((_, i) => `const w${i} = members[${i}].write;`).join('\n    ')}
    return function write(${['sink', ...Array.from({ length: parameters }, (_, i) => `v${i}`)].join(', ')}) {
      const mark = sink.position;
      let b, p;
      try {
        ${steps.join('\n')}
        ${members.length === 0 ? stores('{}', lead) : stores('}')}
      } catch (error) {
        sink.position = mark;
        throw error;
      }
      return true;
    };`;
  return new Function('members', body)(members) as Serializer['write'];
}

/** The writer of a struct, whose value is an array of what `write` is given. */
export function jsonStructWriter(write: Serializer['write']): JsonValueWriter {
  return (sink, value) => {
    write(sink, ...(value as SqlValue[]));
  };
}

/** Statements that append bytes and text; only numbers come out of it, so that a column's name cannot become code. */
function stores(text: string, lead: readonly number[] = []): string {
  const bytes = [...lead, ...Buffer.from(text)];
  return `sink.reserve(${bytes.length}); b = sink.bytes; p = sink.position; ${bytes
    .map((byte, i) => `b[p + ${i}] = ${byte};`)
    .join(' ')} sink.position = p + ${bytes.length};`;
}
