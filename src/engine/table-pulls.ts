import { type LookupRow, lookup, lookupKeys } from '../executor/lookup.js';
import { keyShards } from '../executor/shard/key-shards.js';
import type { QueryPlacement } from '../executor/shard/shard-node.js';
import type { PullTablePlan } from '../planner/pull/pull-plan.js';
import { beginningWith, ClusterTableRead } from './cluster-table-read.js';
import type { QueryHandle } from './engine.js';
import type { EngineCore } from './engine-core.js';
import { readPeers } from './peer-reads.js';
import { TableRead } from './table-read.js';

type Peers = readonly AsyncIterable<readonly LookupRow[]>[];

/** Pull queries over tables: of this process alone, or with the shards that other nodes have. */
export class TablePulls {
  readonly #core: EngineCore;

  constructor(core: EngineCore) {
    this.#core = core;
  }

  /**
   * Reads the first row, so that a query which cannot run fails here.
   * @param text the statement, and `properties` its query properties, for nodes that are asked
   * @throws SystemError `shard-unavailable` when rows may lie where nobody can read them now
   */
  async start(plan: PullTablePlan, text: string, properties: ReadonlyMap<string, string>): Promise<QueryHandle> {
    const { clock, placement } = this.#core.parts;
    const id = `query_${clock.now()}`;
    const place = placement?.(plan.queryId) ?? null;
    if (place === null || isAllHere(place)) return new TableRead(id, plan, this.ownRows(plan));
    const abort = new AbortController();
    const request = { sql: text, properties: Object.fromEntries(properties), queryId: plan.queryId };
    const ask = (where: QueryPlacement): Promise<Peers> => readPeers(where, request, abort.signal);
    const owners = this.#owners(plan, place);
    const own = this.ownRows(plan);
    if (owners === null || (!owners.certain && owners.shards.size > 1)) {
      return new ClusterTableRead(id, plan, own, await ask(place), abort);
    }
    if (owners.certain) return new ClusterTableRead(id, plan, own, await ask(within(place, owners.shards)), abort);
    const first = own.next();
    const found = first.done === true ? await this.#search(ask, place, owners.shards) : [];
    return new ClusterTableRead(id, plan, beginningWith(first, own), found, abort);
  }

  /** Rows of the shards on this node. */
  ownRows(plan: PullTablePlan): IterableIterator<LookupRow> {
    return lookup(plan, { reader: this.#core.parts.tables, ...this.#evaluation() });
  }

  /** Asks the likely owner of a key, and everybody else if it has nothing. */
  async #search(
    ask: (where: QueryPlacement) => Promise<Peers>,
    place: QueryPlacement,
    likely: ReadonlySet<number>,
  ): Promise<Peers> {
    for (const peer of await ask(within(place, likely))) {
      const rows = peer[Symbol.asyncIterator]();
      const first = await rows.next();
      if (first.done !== true) return [continued(first.value, rows)];
    }
    const rest = new Set(Array.from({ length: place.shards }, (_, index) => index).filter((i) => !likely.has(i)));
    return ask(within(place, rest));
  }

  #owners(
    plan: PullTablePlan,
    place: QueryPlacement,
  ): { readonly shards: ReadonlySet<number>; readonly certain: boolean } | null {
    const keys = lookupKeys(plan, this.#evaluation());
    const query = this.#core.queryPlan(plan.queryId);
    if (keys === null || query === null) return null;
    const { log } = this.#core.parts;
    const partitionsOf = (topic: string): number | null => log.describeTopic(topic)?.partitions ?? null;
    const found = keyShards(query, plan.store, keys, place.shards, partitionsOf);
    return found === null ? null : { shards: new Set(found.shards), certain: found.certain };
  }

  #evaluation() {
    const { functions, clock, random } = this.#core.parts;
    return { functions, evaluation: { now: () => clock.now(), random } };
  }
}

function isAllHere(place: QueryPlacement): boolean {
  return place.others.length === 0 && place.missing.length === 0;
}

/** The part of a placement that tells of these shards. */
function within(place: QueryPlacement, shards: ReadonlySet<number>): QueryPlacement {
  const others = place.others
    .map((other) => ({ ...other, shards: other.shards.filter((index) => shards.has(index)) }))
    .filter((other) => other.shards.length > 0);
  return { ...place, others, missing: place.missing.filter((index) => shards.has(index)) };
}

async function* continued<T>(first: T, rest: AsyncIterator<T>): AsyncIterable<T> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}
