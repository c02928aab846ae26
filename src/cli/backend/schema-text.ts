import type { ColumnInfo } from './backend.js';

/** The columns of a header's schema: `` `K` STRING KEY, `V` STRUCT<`A` INTEGER, `B` BIGINT> ``. */
export function parseSchemaText(schema: string): ColumnInfo[] {
  const columns: ColumnInfo[] = [];
  let at = 0;
  while (at < schema.length) {
    const end = endOfColumn(schema, at);
    const found = /^\s*(?:`((?:[^`]|``)*)`|(\S+))\s+([\s\S]*?)(?: KEY)?\s*$/.exec(schema.slice(at, end));
    if (found !== null) columns.push({ name: found[1]?.replaceAll('``', '`') ?? found[2]!, type: found[3]! });
    at = end + 1;
  }
  return columns;
}

/** The next comma outside brackets and back-ticks, or the end. */
function endOfColumn(schema: string, from: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = from; at < schema.length; at++) {
    const character = schema[at]!;
    if (character === '`') quoted = !quoted;
    else if (quoted) continue;
    else if (character === '<' || character === '(') depth++;
    else if (character === '>' || character === ')') depth--;
    else if (character === ',' && depth === 0) return at;
  }
  return schema.length;
}
