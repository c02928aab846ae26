import type { SqlType } from '../model/sql-type.js';
import type { Catalog, MutableCatalog, QueryEntry, SourceEntry } from './catalog.js';

/** Immutable maps behind one reference: a change copies the map that it touches. */
interface Snapshot {
  readonly sources: ReadonlyMap<string, SourceEntry>;
  readonly types: ReadonlyMap<string, SqlType>;
  readonly queries: ReadonlyMap<string, QueryEntry>;
}

class CatalogSnapshot implements Catalog {
  constructor(protected state: Snapshot) {}

  source(name: string): SourceEntry | null {
    return this.state.sources.get(name) ?? null;
  }

  sources(): readonly SourceEntry[] {
    return [...this.state.sources.values()];
  }

  type(name: string): SqlType | null {
    return this.state.types.get(name.toUpperCase()) ?? null;
  }

  types(): ReadonlyMap<string, SqlType> {
    return this.state.types;
  }

  query(id: string): QueryEntry | null {
    return this.state.queries.get(id) ?? null;
  }

  queries(): readonly QueryEntry[] {
    return [...this.state.queries.values()];
  }

  readersOf(name: string): readonly QueryEntry[] {
    return this.queries().filter((query) => query.sources.includes(name));
  }

  writersOf(name: string): readonly QueryEntry[] {
    return this.queries().filter((query) => query.sink === name && query.origin !== 'SOURCE_TABLE');
  }
}

/** The catalog of one engine, in memory; the command log makes it durable. */
export class MemoryCatalog extends CatalogSnapshot implements MutableCatalog {
  constructor() {
    super({ sources: new Map(), types: new Map(), queries: new Map() });
  }

  snapshot(): Catalog {
    return new CatalogSnapshot(this.state);
  }

  /** A copy that may be changed without touching this one: the sandbox in which a request is validated. */
  fork(): MemoryCatalog {
    const copy = new MemoryCatalog();
    copy.state = this.state;
    return copy;
  }

  putSource(source: SourceEntry): void {
    this.state = { ...this.state, sources: new Map(this.state.sources).set(source.name, source) };
  }

  removeSource(name: string): void {
    this.state = { ...this.state, sources: without(this.state.sources, name) };
  }

  putType(name: string, type: SqlType): void {
    this.state = { ...this.state, types: new Map(this.state.types).set(name.toUpperCase(), type) };
  }

  removeType(name: string): void {
    this.state = { ...this.state, types: without(this.state.types, name.toUpperCase()) };
  }

  putQuery(query: QueryEntry): void {
    this.state = { ...this.state, queries: new Map(this.state.queries).set(query.id, query) };
  }

  removeQuery(id: string): void {
    this.state = { ...this.state, queries: without(this.state.queries, id) };
  }
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}
