import { closest, distance } from 'fastest-levenshtein';
import { StatementError } from '../../model/errors.js';
import type { Column, Schema } from '../../model/schema.js';
import type { SourceSpan } from '../../model/source-span.js';
import type { Identifier } from '../../parser/ast.js';

/** One source of a query as names see it: its columns stand at `firstIndex` and after in the input row. */
export interface ScopeSource {
  readonly alias: string;
  readonly name: string;
  readonly schema: Schema;
  readonly firstIndex: number;
}

/** What a name means. */
export interface ResolvedColumn {
  /** Position in the input row. */
  readonly index: number;
  readonly column: Column;
  readonly source: ScopeSource;
  /** How messages and generated names call it: `COL`, or `ALIAS_COL` where several sources are joined. */
  readonly displayName: string;
}

/** Which names are visible at one place of a query. Knows nothing of catalogs: only the sources it is given. */
export class Scope {
  readonly sources: readonly ScopeSource[];

  constructor(sources: readonly ScopeSource[]) {
    this.sources = sources;
  }

  /** Whether names of this scope come from more than one source. */
  get isJoined(): boolean {
    return this.sources.length > 1;
  }

  /**
   * The column that `name` or `qualifier.name` means; `clause` is SELECT, WHERE, GROUP BY, ... for the message.
   * @throws StatementError `<clause> column 'X' cannot be resolved.`, `Column 'X' is ambiguous. Could be A.X or B.X.`,
   * `'S' is not a valid stream/table name or alias.`
   */
  resolve(qualifier: Identifier | null, name: Identifier, clause: string): ResolvedColumn {
    const candidates = qualifier === null ? this.sources : [this.source(qualifier)];
    const found = candidates.flatMap((source) => this.#find(source, name.name));
    if (found.length === 1) return found[0]!;
    if (found.length > 1) throw ambiguous(name, found);
    throw unresolved(qualifier, name, clause, candidates);
  }

  /** The column that `qualifier.name` means, or null. */
  tryResolve(qualifier: Identifier, name: Identifier): ResolvedColumn | null {
    const source = this.#sourceOf(qualifier);
    return (source && this.#find(source, name.name)[0]) ?? null;
  }

  /** The column of this name, or null when there is none or more than one. */
  find(name: string): ResolvedColumn | null {
    const found = this.sources.flatMap((source) => this.#find(source, name));
    return found.length === 1 ? found[0]! : null;
  }

  /** Whether some source has a column of this name. */
  has(name: string): boolean {
    return this.sources.some((source) => source.schema.columns.some((c) => c.name === name));
  }

  /**
   * The source that a qualifier means: by alias, else by name.
   * @throws StatementError `'X' is not a valid stream/table name or alias.`
   */
  source(name: Identifier): ScopeSource {
    const found = this.#sourceOf(name);
    if (found !== null) return found;
    const hint = nearest(
      name.name,
      this.sources.map((source) => source.alias),
    );
    throw new StatementError(`Failed to prepare statement: '${name.name}' is not a valid stream/table name or alias.`, {
      problem: 'syntax',
      code: 'unknown-source-alias',
      span: name.span,
      hint:
        hint === null
          ? `The sources of this query are ${this.sources.map((s) => s.alias).join(', ')}.`
          : `Did you mean '${hint}'?`,
    });
  }

  #sourceOf(name: Identifier): ScopeSource | null {
    const byAlias = this.sources.find((source) => source.alias === name.name);
    if (byAlias !== undefined) return byAlias;
    const byName = this.sources.filter((source) => source.name === name.name);
    return byName.length === 1 ? byName[0]! : null;
  }

  #find(source: ScopeSource, name: string): ResolvedColumn[] {
    const position = source.schema.columns.findIndex((c) => c.name === name);
    if (position < 0) return [];
    return [
      {
        index: source.firstIndex + position,
        column: source.schema.columns[position]!,
        source,
        displayName: this.isJoined ? `${source.alias}_${name}` : name,
      },
    ];
  }
}

function unresolved(
  qualifier: Identifier | null,
  name: Identifier,
  clause: string,
  candidates: readonly ScopeSource[],
): StatementError {
  const names = candidates.flatMap((source) => source.schema.columns.map((c) => c.name));
  const written = qualifier === null ? name.name : `${qualifier.name}.${name.name}`;
  const reason =
    clause === 'PARTITION BY'
      ? ` '${written}' must be a column in the source schema since PARTITION BY is applied on the input.`
      : '';
  const span = (qualifier ?? name).span;
  return new StatementError(`${positionPrefix(span)}${clause} column '${written}' cannot be resolved.${reason}`, {
    code: 'unknown-column',
    span,
    hint: columnHint(name.name, names),
  });
}

function ambiguous(name: Identifier, found: readonly ResolvedColumn[]): StatementError {
  const choices = found.map((f) => `${f.source.alias}.${name.name}`).sort();
  return new StatementError(
    `Exception while preparing statement: ${positionPrefix(name.span)}Column '${name.name}' is ambiguous. Could be ${choices.join(' or ')}.`,
    { code: 'ambiguous-column', span: name.span, hint: `Write the source in front: ${choices[0]}.` },
  );
}

/** `Line: 3, Col: 84: `, as ksqlDB starts a message that knows its place; empty for generated expressions. */
export function positionPrefix(span: SourceSpan): string {
  return span.line === 0 ? '' : `Line: ${span.line}, Col: ${span.column}: `;
}

function columnHint(name: string, names: readonly string[]): string | undefined {
  if (names.includes(name.toUpperCase())) return `Did you mean ${name.toUpperCase()}, without quotes?`;
  const sameLetters = names.find((n) => n.toUpperCase() === name.toUpperCase());
  if (sameLetters !== undefined) return `Did you mean \`${sameLetters}\`? Quote the name to keep its case.`;
  const near = nearest(name, names);
  if (near !== null) return `Did you mean '${near}'?`;
  return names.length === 0 ? undefined : `The columns here are ${names.slice(0, 20).join(', ')}.`;
}

/** The name that was probably meant, or null when none is close. */
export function nearest(name: string, names: readonly string[]): string | null {
  if (names.length === 0) return null;
  const best = closest(name, names);
  const far = Math.min(3, Math.max(1, Math.floor(name.length / 2)));
  return distance(name, best) <= far ? best : null;
}
