import { StatementError } from '../../model/errors.js';
import { type Column, isPseudoColumn } from '../../model/schema.js';
import type { SourceSpan } from '../../model/source-span.js';
import type { Expression, SelectItem } from '../../parser/ast.js';
import type { BindContext } from './bind-expression.js';
import { bindExpression } from './bind-expression.js';
import { expressionText } from './expression-text.js';
import { qualifiedColumn, qualify, type Relation, scopeOf } from './relation.js';

/** One column of a projection: stars expanded, columns qualified, named. */
export interface ProjectionItem {
  /** Qualified. */
  readonly expression: Expression;
  /** Canonical text of `expression`; equal texts mean equal expressions. */
  readonly text: string;
  readonly name: string;
  /** Whether the name was given with AS. */
  readonly aliased: boolean;
  readonly fromStar: boolean;
  readonly span: SourceSpan;
}

export interface SelectOptions {
  readonly relation: Relation;
  /** Persistent queries leave window bounds out of `*` and refuse bare pseudo columns. */
  readonly persistent: boolean;
  /** Names that are visible beside the sources' columns: window bounds of the aggregation, a synthetic join key. */
  readonly extraNames: ReadonlySet<string>;
  /**
   * Set when PARTITION BY gave the rows a new key: its expressions that are no declared columns are part of `*`, and `*` lists the
   * columns of each source as ksqlDB lays them out then: values, in joins the pseudo columns, the old key.
   */
  readonly partitionedBy: readonly { readonly expression: Expression; readonly name: string }[] | null;
  readonly bindContext: Omit<BindContext, 'clause'>;
}

/** Expands stars, resolves columns and gives every item its name. */
export function projectionItems(select: readonly SelectItem[], options: SelectOptions): ProjectionItem[] {
  const scope = scopeOf(options.relation);
  const names = new NameGenerator(options.relation);
  const items: ProjectionItem[] = [];
  for (const item of select) {
    if (item.kind === 'star') items.push(...expandStar(item, options));
    else if (item.kind === 'structStar') items.push(...expandStruct(item, options));
    else {
      const alias = item.alias?.name ?? null;
      checkReserved(item, options);
      const expression = qualify(item.expression, scope, 'SELECT', options.extraNames);
      const name = alias ?? names.nameOf(expression);
      items.push({
        expression,
        text: expressionText(expression),
        name,
        aliased: alias !== null,
        fromStar: false,
        span: item.span,
      });
    }
  }
  return items;
}

/**
 * Pseudo columns keep their names to themselves: no other column may be called so, and a persistent query has to rename them.
 * In joins their unaliased name is prefixed, and so is free.
 */
function checkReserved(item: SelectItem & { kind: 'single' }, options: SelectOptions): void {
  const { expression, alias } = item;
  const column = expression.kind === 'column' ? expression : null;
  const name = alias?.name ?? column?.name.name;
  if (name === undefined || !isPseudoColumn(name)) return;
  const itself = column?.name.name === name;
  if (!itself) {
    throw new StatementError(`\`${name}\` is a reserved column name. You cannot use it as an alias for a column.`, {
      code: 'reserved-name',
      span: alias!.span,
    });
  }
  const prefixed = alias === null && options.relation.sources.length > 1 && column!.source !== null;
  if (!options.persistent || prefixed) return;
  throw new StatementError(`Reserved column name in select: \`${name}\`. Please remove or alias the column.`, {
    code: 'reserved-name',
    span: item.span,
  });
}

function expandStar(item: SelectItem & { kind: 'star' }, options: SelectOptions): ProjectionItem[] {
  const { relation, persistent } = options;
  const joined = relation.sources.length > 1;
  const sources =
    item.source === null
      ? relation.sources
      : relation.sources.filter((s) => s.alias === item.source!.name || s.entry.name === item.source!.name);
  if (sources.length === 0) {
    throw new StatementError(`'${item.source!.name}' is not a valid stream/table name or alias.`, {
      code: 'unknown-source',
      span: item.span,
      hint: `Sources: ${relation.sources.map((s) => s.alias).join(', ')}`,
      problem: 'syntax',
    });
  }
  const items: ProjectionItem[] = [];
  const add = (expression: Expression, name: string): void => {
    items.push({
      expression,
      text: expressionText(expression),
      name,
      aliased: false,
      fromStar: true,
      span: item.span,
    });
  };
  const synthetic = relation.keys[0]?.origin === 'syntheticJoin' ? relation.keys[0].expressions[0]! : null;
  if (item.source === null) {
    if (synthetic !== null && synthetic.kind === 'column') add(synthetic, synthetic.name.name);
    for (const { expression, name } of options.partitionedBy ?? []) {
      const declared = expression.kind === 'column' && !isPseudoColumn(expression.name.name);
      if (!declared) add(expression, name);
    }
  }
  for (const source of sources) {
    for (const column of options.partitionedBy === null ? source.schema.columns : keysLast(source.schema.columns)) {
      const isBound = column.name === 'WINDOWSTART' || column.name === 'WINDOWEND';
      const shown = isBound ? !persistent || joined : joined && options.partitionedBy !== null;
      if (isPseudoColumn(column.name) && !shown) continue;
      add(qualifiedColumn(source.alias, column.name), joined ? `${source.alias}_${column.name}` : column.name);
    }
  }
  return items;
}

function keysLast(columns: readonly Column[]): readonly Column[] {
  return [...columns.filter((c) => c.role !== 'key'), ...columns.filter((c) => c.role === 'key')];
}

function expandStruct(item: SelectItem & { kind: 'structStar' }, options: SelectOptions): ProjectionItem[] {
  const operand = qualify(item.operand, scopeOf(options.relation), 'SELECT', options.extraNames);
  const { type } = bindExpression(operand, { ...options.bindContext, clause: 'SELECT' });
  if (type.kind !== 'STRUCT') {
    throw new StatementError(`Column ${expressionText(item.operand)} is not a STRUCT type.`, {
      code: 'not-a-struct',
      span: item.span,
    });
  }
  return type.fields.map((field) => {
    const expression: Expression = {
      kind: 'dereference',
      operand,
      field: { name: field.name, quoted: true, span: item.span },
      span: item.span,
    };
    return {
      expression,
      text: expressionText(expression),
      name: field.name,
      aliased: false,
      fromStar: true,
      span: item.span,
    };
  });
}

/** Names for what has no alias (ksqlDB's rules): the column, the field, or KSQL_COL_n. */
export class NameGenerator {
  readonly #relation: Relation;
  readonly #taken: Set<string>;
  #next = 0;

  constructor(relation: Relation) {
    this.#relation = relation;
    this.#taken = new Set(relation.sources.flatMap((s) => s.schema.columns.map((c) => c.name)));
  }

  nameOf(expression: Expression): string {
    if (expression.kind === 'column') return this.columnName(expression);
    if (expression.kind === 'dereference') return this.#fieldName(expression.field.name);
    for (;;) {
      const name = `KSQL_COL_${this.#next++}`;
      if (!this.#taken.has(name)) return name;
    }
  }

  /** The column's own name, or `ALIAS_NAME` if several joined sources have it. */
  columnName(column: Expression & { kind: 'column' }): string {
    const { name } = column.name;
    const owners = this.#relation.sources.filter((s) => s.schema.columns.some((c) => c.name === name));
    return owners.length > 1 && column.source !== null ? `${column.source.name}_${name}` : name;
  }

  #fieldName(field: string): string {
    let name = field;
    for (let i = 1; this.#taken.has(name); i++) name = `${field}_${i}`;
    this.#taken.add(name);
    return name;
  }
}
