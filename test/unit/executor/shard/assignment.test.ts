import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AssignableNode,
  assignShards,
  type QueryShards,
  type ShardOwners,
} from '../../../../src/executor/shard/assignment.js';

const node = (name: string, threads = 1, owned: AssignableNode['owned'] = []): AssignableNode => ({
  node: name,
  threads,
  owned,
});

/** The nodes as they would come back with what they were given. */
function having(nodes: readonly AssignableNode[], owners: ShardOwners): readonly AssignableNode[] {
  return nodes.map((one) => ({
    ...one,
    owned: [...owners].flatMap(([queryId, places]) =>
      places.flatMap((owner, index) => (owner === one.node ? [{ queryId, index }] : [])),
    ),
  }));
}

function loads(owners: ShardOwners): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const places of owners.values()) for (const owner of places) counts[owner] = (counts[owner] ?? 0) + 1;
  return counts;
}

/** Shards that are elsewhere than before. */
function moved(before: ShardOwners, after: ShardOwners): string[] {
  return [...after].flatMap(([queryId, places]) =>
    places.flatMap((owner, index) => (before.get(queryId)?.[index] === owner ? [] : [`${queryId}/${index}`])),
  );
}

describe('the distribution of shards', () => {
  it('spreads the shards of each query', () => {
    const owners = assignShards([{ queryId: 'Q', shards: 4 }], [node('a'), node('b')]);
    expect(loads(owners)).toEqual({ a: 2, b: 2 });
    expect(assignShards([{ queryId: 'Q', shards: 1 }], [node('a')])).toEqual(new Map([['Q', ['a']]]));
  });

  it('spreads queries of one shard each over the nodes', () => {
    const queries = ['Q', 'R', 'S', 'T'].map((queryId) => ({ queryId, shards: 1 }));
    expect(loads(assignShards(queries, [node('a'), node('b')]))).toEqual({ a: 2, b: 2 });
  });

  it('gives a node with more threads more', () => {
    expect(loads(assignShards([{ queryId: 'Q', shards: 8 }], [node('a', 3), node('b', 1)]))).toEqual({ a: 6, b: 2 });
  });

  it('moves nothing while nobody comes or goes', () => {
    const nodes = [node('a', 2), node('b'), node('c')];
    const queries = [
      { queryId: 'Q', shards: 4 },
      { queryId: 'R', shards: 3 },
    ];
    const before = assignShards(queries, nodes);
    expect(assignShards(queries, having(nodes, before))).toEqual(before);
  });

  it('takes from those who have more than their share when one joins, and no more than that', () => {
    const queries = [{ queryId: 'Q', shards: 6 }];
    const two = [node('a'), node('b')];
    const before = assignShards(queries, two);
    const after = assignShards(queries, [...having(two, before), node('c')]);
    expect(loads(after)).toEqual({ a: 2, b: 2, c: 2 });
    expect(moved(before, after)).toHaveLength(2);
  });

  it('moves only what the one had who leaves', () => {
    const queries = [{ queryId: 'Q', shards: 6 }];
    const three = [node('a'), node('b'), node('c')];
    const before = assignShards(queries, three);
    const after = assignShards(queries, having([three[0]!, three[2]!], before));
    expect(moved(before, after)).toEqual(before.get('Q')!.flatMap((owner, i) => (owner === 'b' ? [`Q/${i}`] : [])));
    expect(loads(after)).toEqual({ a: 3, c: 3 });
  });

  it('lets one of two keep a shard that both say they have', () => {
    const both = [{ queryId: 'Q', index: 0 }];
    expect(assignShards([{ queryId: 'Q', shards: 1 }], [node('b', 1, both), node('a', 1, both)]).get('Q')).toEqual([
      'a',
    ]);
  });

  it('forgets shards of queries that are gone', () => {
    const gone = [0, 1, 2].map((index) => ({ queryId: 'OLD', index }));
    const owners = assignShards([{ queryId: 'Q', shards: 2 }], [node('a', 1, gone), node('b')]);
    expect([...owners.keys()]).toEqual(['Q']);
    expect(loads(owners)).toEqual({ a: 1, b: 1 });
  });

  const histories = fc.record({
    shards: fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 5 }),
    threads: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
    /** Where each node's place is taken from, of all the shards there are. */
    owned: fc.array(fc.tuple(fc.nat(4), fc.nat(5), fc.nat(8)), { maxLength: 20 }),
    /** Who leaves, and the threads of one who joins. */
    leaves: fc.nat(4),
    joins: fc.integer({ min: 1, max: 4 }),
  });

  const worth = (shards: number, one: AssignableNode, nodes: readonly AssignableNode[]): number =>
    Math.ceil((shards * one.threads) / nodes.reduce((sum, { threads }) => sum + threads, 0));
  const countAt = (owners: ShardOwners, queryId: string, name: string): number =>
    owners.get(queryId)!.filter((owner) => owner === name).length;
  const sumOf = (queries: readonly QueryShards[]): number => queries.reduce((sum, { shards }) => sum + shards, 0);
  const named = (shards: readonly number[]): QueryShards[] =>
    shards.map((count, i) => ({ queryId: `Q${i}`, shards: count }));

  it('is whole, fair and the same for every order of the nodes, whatever they have', () => {
    fc.assert(
      fc.property(histories, fc.infiniteStream(fc.nat()), ({ shards, threads, owned }, order) => {
        const queries = named(shards);
        const nodes = threads.map((count, i) =>
          node(
            `n${i}`,
            count,
            owned.flatMap(([of, query, index]) => (of === i ? [{ queryId: `Q${query}`, index }] : [])),
          ),
        );
        const owners = assignShards(queries, nodes);
        expect([...owners.keys()].sort()).toEqual(queries.map(({ queryId }) => queryId).sort());
        const names = new Set(nodes.map((one) => one.node));
        for (const { queryId, shards: count } of queries) {
          const places = owners.get(queryId)!;
          expect(places).toHaveLength(count);
          for (const owner of places) expect(names).toContain(owner);
        }
        const load = loads(owners);
        const isFull = (one: AssignableNode): boolean => (load[one.node] ?? 0) >= worth(sumOf(queries), one, nodes);
        for (const one of nodes) {
          expect(load[one.node] ?? 0).toBeLessThanOrEqual(worth(sumOf(queries), one, nodes));
          for (const { queryId, shards: count } of queries) {
            if (countAt(owners, queryId, one.node) <= worth(count, one, nodes)) continue;
            // Too many of one query only where everybody else who could take one is full.
            const others = nodes.filter((other) => countAt(owners, queryId, other.node) < worth(count, other, nodes));
            expect(others.filter((other) => !isFull(other))).toEqual([]);
          }
        }
        const shuffled = [...nodes].map((one) => [order.next().value!, one] as const).sort(([a], [b]) => a - b);
        const again = assignShards(
          [...queries].reverse(),
          shuffled.map(([, one]) => one),
        );
        expect(again).toEqual(owners);
        expect(assignShards(queries, having(nodes, owners))).toEqual(owners);
      }),
    );
  });

  it('moves nothing but what a change of the nodes asks for', () => {
    fc.assert(
      fc.property(histories, ({ shards, threads, leaves, joins }) => {
        const queries = named(shards);
        const nodes = threads.map((count, i) => node(`n${i}`, count));
        const before = assignShards(queries, nodes);
        const gone = nodes[leaves % nodes.length]!;
        const rest = nodes.filter((one) => one !== gone);
        for (const now of [[...nodes, node('new', joins)], rest].filter((some) => some.length > 0)) {
          const after = assignShards(queries, having(now, before));
          for (const name of moved(before, after)) {
            const [queryId, index] = name.split('/') as [string, string];
            const owner = now.find((one) => one.node === before.get(queryId)![Number(index)]);
            if (owner === undefined) continue;
            const count = queries.find((query) => query.queryId === queryId)!.shards;
            const isFull = loads(after)[owner.node] === worth(sumOf(queries), owner, now);
            const hasItsShare = countAt(after, queryId, owner.node) >= worth(count, owner, now);
            expect([isFull, hasItsShare], `${name} of ${owner.node}`).toContain(true);
          }
        }
      }),
    );
  });
});
