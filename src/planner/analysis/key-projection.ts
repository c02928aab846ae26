import { StatementError } from '../../model/errors.js';
import type { Column } from '../../model/schema.js';
import { formatType } from '../../model/sql-type.js';
import { expressionText } from './expression-text.js';
import { type RelationKey, unqualify } from './relation.js';
import type { ProjectionItem } from './select-items.js';

const MORE = 'See https://cnfl.io/2LV7ouS.';

/**
 * For each key column of a persistent query, the item of its projection that stands for it.
 * @throws StatementError when a key is missing or stands there twice
 */
export function keyPlacement(items: readonly ProjectionItem[], keys: readonly RelationKey[], sink: string): number[] {
  const placed = keys.map((key) => {
    for (const expression of key.expressions) {
      const text = expressionText(expression);
      const index = items.findIndex((item) => item.text === text);
      if (index >= 0) return index;
    }
    return -1;
  });
  const missing = keys.filter((_, i) => placed[i]! < 0);
  if (missing.length > 0) {
    throw keys[0]!.origin === 'foreignKeyJoin' ? missingPrimaryKeys(missing) : missingKeys(keys, sink);
  }
  keys.forEach((key, i) => {
    const { text } = items[placed[i]!]!;
    const again = items.filter((item) => item.text === text);
    if (again.length > 1) throw repeatedKey(key, again);
  });
  return placed;
}

function repeatedKey(key: RelationKey, items: readonly ProjectionItem[]): StatementError {
  const names = items.map((item) => item.name).sort();
  const how =
    key.origin === 'groupBy'
      ? `The projection contains a key column more than once: ${listed(
          names.map((n) => `\`${n}\``),
          'and',
        )}.`
      : `The projection contains a key column (\`${keyName(key, items)}\`) more than once, aliased as: ${listed(names, 'and')}.`;
  return new StatementError(
    `${how}\nEach key column must only be in the projection once. If you intended to copy the key into the value, then consider using the AS_VALUE function to indicate which key reference should be copied.`,
    { code: 'repeated-key', span: items[1]!.span },
  );
}

function keyName(key: RelationKey, items: readonly ProjectionItem[]): string {
  const expression = items[0]!.expression;
  if (expression.kind !== 'column') return items[0]!.name;
  return key.origin === 'join' && expression.source !== null
    ? `${expression.source.name}_${expression.name.name}`
    : expression.name.name;
}

function missingKeys(keys: readonly RelationKey[], sink: string): StatementError {
  const { origin } = keys[0]!;
  const texts = keys.map((key) => {
    if (origin === 'join' || origin === 'syntheticJoin')
      return listed(
        key.expressions.map((e) => expressionText(e)),
        'or',
      );
    const e = key.expressions[0]!;
    return expressionText(origin === 'partitionBy' ? e : unqualify(e, false));
  });
  const nouns: Readonly<Record<RelationKey['origin'], string>> = {
    source: 'key column',
    groupBy: 'grouping expression',
    partitionBy: 'partitioning expression',
    join: 'join expression',
    syntheticJoin: 'join expression',
    foreignKeyJoin: 'primary key column',
  };
  const alternatives = origin === 'join' ? keys[0]!.expressions.length : 1;
  const noun = `${nouns[origin]}${keys.length > 1 || alternatives > 1 ? 's' : ''}`;
  const example = origin === 'join' ? expressionText(keys[0]!.expressions[0]!) : texts.join(', ');
  const synthetic =
    origin === 'syntheticJoin'
      ? `\n${texts[0]} was added as a synthetic key column because the join criteria did not match any source column. This expression must be included in the projection and may be aliased. `
      : '';
  return new StatementError(
    `Key missing from projection (ie, SELECT). ${MORE}\nThe query used to build \`${sink}\` must include the ${noun} ${listed(texts, 'and')} in its projection (eg, SELECT ${example}...).${synthetic}`,
    { code: 'missing-key', hint: 'Add the key to the SELECT list.' },
  );
}

/** A foreign-key join keeps the key of its left table, whole. */
function missingPrimaryKeys(missing: readonly RelationKey[]): StatementError {
  const columns = missing.flatMap((key) => key.expressions.slice(0, 1)).filter((e) => e.kind === 'column');
  const many = columns.length > 1 ? 's' : '';
  return new StatementError(
    `Primary key column${many} missing in projection. For foreign-key table-table joins, the projection must include all primary key columns from the left input table (\`${columns[0]?.source?.name}\`). ` +
      `Missing column${many}: ${columns.map((e) => `\`${e.name.name}\``).join(', ')}.`,
    { code: 'missing-key', hint: 'Add the key to the SELECT list.' },
  );
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[], word: 'and' | 'or'): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`;
}

/** @throws StatementError when the columns of a persistent query's result have no value column, or two of one name */
export function checkResultColumns(columns: readonly Column[]): void {
  const values = columns.filter((c) => c.role === 'value');
  if (values.length === 0) {
    throw new StatementError('The projection contains no value columns.', { code: 'no-value-columns' });
  }
  const keys = columns.filter((c) => c.role === 'key');
  const shown = (c: Column): string => `\`${c.name}\` ${formatType(c.type)}`;
  const duplicates = (list: readonly Column[]): Column[] =>
    list.filter((c, i) => list.findIndex((other) => other.name === c.name) !== i);
  const twice = duplicates(values);
  if (twice.length > 0) {
    throw new StatementError(`Duplicate value columns found in schema: ${twice.map(shown).join(', ')}`, {
      code: 'duplicate-column',
    });
  }
  const clash = values.filter((c) => keys.some((k) => k.name === c.name));
  if (clash.length > 0) {
    throw new StatementError(`Value columns clash with key columns: ${clash.map((c) => `\`${c.name}\``).join(', ')}`, {
      code: 'duplicate-column',
    });
  }
}
