import type { ShardId } from './shard-ports.js';

/** The shards of one query that have to be somewhere. */
export interface QueryShards {
  readonly queryId: string;
  readonly shards: number;
}

/** A node that can take shards. */
export interface AssignableNode {
  readonly node: string;
  /** Its stream threads: a node with more takes more. */
  readonly threads: number;
  /** The shards that it has now. */
  readonly owned: readonly Pick<ShardId, 'queryId' | 'index'>[];
}

/** Who has which shard: node by query and shard number. */
export type ShardOwners = ReadonlyMap<string, readonly string[]>;

/**
 * Gives every shard to a node. Nobody gets more than its threads are worth of all shards together, nor of one query where that can be; within
 * that a shard stays where it is. All stages of a query share a shard's partitions, so what is joined is always in one place.
 *
 * Pure and deterministic: the order of the nodes does not matter.
 *
 * @param nodes at least one
 */
export function assignShards(queries: readonly QueryShards[], nodes: readonly AssignableNode[]): ShardOwners {
  const wanted = [...queries].sort((a, b) => (a.queryId < b.queryId ? -1 : 1));
  const threads = nodes.reduce((sum, node) => sum + threadsOf(node), 0);
  const total = wanted.reduce((sum, { shards }) => sum + shards, 0);
  const shareOf = (shards: number, node: AssignableNode): number => Math.ceil((shards * threadsOf(node)) / threads);
  const places = [...nodes]
    .sort((a, b) => (a.node < b.node ? -1 : 1))
    .map((node) => new Place(node, shareOf(total, node)));
  const owners = new Map<string, string[]>();
  const left: { readonly query: QueryShards; readonly index: number }[] = [];
  for (const query of wanted) {
    const given = new Array<string>(query.shards);
    owners.set(query.queryId, given);
    for (let index = 0; index < query.shards; index++) {
      const keeper = places.find((place) => place.has(query, index) && place.takes(query, shareOf));
      if (keeper === undefined) left.push({ query, index });
      else given[index] = keeper.give(query);
    }
  }
  for (const { query, index } of left) {
    const open = places.filter((place) => place.takes(query, shareOf));
    const some = open.length > 0 ? open : places.filter((place) => place.isOpen);
    const least = some.find((place) => open.length === 0 && place.has(query, index)) ?? leastLoaded(some, query);
    owners.get(query.queryId)![index] = least.give(query);
  }
  return owners;
}

/** A node while shards are given out. */
class Place {
  readonly #node: AssignableNode;
  readonly #capacity: number;
  readonly #owned: ReadonlySet<string>;
  readonly #here = new Map<string, number>();
  #load = 0;

  constructor(node: AssignableNode, capacity: number) {
    this.#node = node;
    this.#capacity = capacity;
    this.#owned = new Set(node.owned.map(nameOf));
  }

  get isOpen(): boolean {
    return this.#load < this.#capacity;
  }

  /** How full it would be with one more. */
  get fullness(): number {
    return (this.#load + 1) / threadsOf(this.#node);
  }

  has({ queryId }: QueryShards, index: number): boolean {
    return this.#owned.has(nameOf({ queryId, index }));
  }

  takes(query: QueryShards, shareOf: (shards: number, node: AssignableNode) => number): boolean {
    return this.isOpen && this.countOf(query) < shareOf(query.shards, this.#node);
  }

  countOf({ queryId }: QueryShards): number {
    return this.#here.get(queryId) ?? 0;
  }

  give(query: QueryShards): string {
    this.#load++;
    this.#here.set(query.queryId, this.countOf(query) + 1);
    return this.#node.node;
  }
}

/** In case of doubt the first. */
function leastLoaded(places: readonly Place[], query: QueryShards): Place {
  return places.reduce((least, place) => {
    const difference = place.fullness - least.fullness || place.countOf(query) - least.countOf(query);
    return difference < 0 ? place : least;
  });
}

function threadsOf({ threads }: AssignableNode): number {
  return Math.max(1, threads);
}

function nameOf({ queryId, index }: Pick<ShardId, 'queryId' | 'index'>): string {
  return `${index}/${queryId}`;
}
