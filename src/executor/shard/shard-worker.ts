import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../model/errors.js';
import { openShardThread } from './open-shard-thread.js';
import { Rpc } from './rpc.js';
import type { ShardHost, ShardHostOwner, ShardHostSettings } from './shard-host.js';

/* A stream thread on a shared log, in a worker: serves its parent until it is told to close. */

assert(parentPort !== null, 'this file is the entry of a worker thread');
const port = parentPort;
const host = openShardThread(workerData as ShardHostSettings, {
  event: (event) => rpc.tell('event', event),
  confirmOwner: (queryId, index) => rpc.call('confirmOwner', queryId, index),
  loadSchema: (id) => rpc.call('loadSchema', id),
});
const rpc = new Rpc<ShardHostOwner>(port, {
  setQueries: async (queries: Parameters<ShardHost['setQueries']>[0]) => (await host).setQueries(queries),
  forget: async (queryId: string) => (await host).forget(queryId),
  startTransient: async (...args: Parameters<ShardHost['startTransient']>) => (await host).startTransient(...args),
  stopTransient: async (queryId: string) => (await host).stopTransient(queryId),
  hold: async (queryId: string, held: boolean) => (await host).hold(queryId, held),
  status: async () => (await host).status(),
  caughtUp: async () => (await host).caughtUp(),
  close: async () => {
    await (await host).close();
    setImmediate(() => port.close());
  },
});
