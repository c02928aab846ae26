import type { SourceEntry } from '../catalog/catalog.js';
import { StatementError } from '../model/errors.js';
import { keyColumns } from '../model/schema.js';
import { NO_SPAN } from '../model/source-span.js';
import type { SqlValue } from '../model/value.js';
import type { Expression, Query } from '../parser/ast.js';
import { literalExpression } from './literal-expression.js';

/**
 * `SELECT * FROM entry WHERE key = value AND ...` as a tree: no text is made of the values.
 * @param key one value for each key column, in their order
 * @throws StatementError when there are more or fewer
 */
export function keyQuery(entry: SourceEntry, key: readonly SqlValue[]): Query {
  const keys = keyColumns(entry.schema);
  if (keys.length !== key.length) {
    throw new StatementError(`The key of ${entry.name} has ${keys.length} columns, got ${key.length} values`, {
      code: 'key-count',
    });
  }
  const span = NO_SPAN;
  const where = keys
    .map(
      ({ name, type }, i): Expression => ({
        kind: 'comparison',
        operator: '=',
        left: { kind: 'column', source: null, name: { name, quoted: true, span }, span },
        right: literalExpression(type, key[i]!),
        span,
      }),
    )
    .reduce((left, right) => ({ kind: 'logical', operator: 'AND', left, right, span }));
  return {
    kind: 'query',
    select: [{ kind: 'star', source: null, span }],
    from: { kind: 'table', name: { name: entry.name, quoted: true, span }, alias: null, span },
    window: null,
    where,
    groupBy: null,
    partitionBy: null,
    having: null,
    emit: null,
    limit: null,
    span,
  };
}
