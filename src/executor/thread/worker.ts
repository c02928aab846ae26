import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../model/errors.js';
import { systemClock } from '../../model/time.js';
import { errorToData, type Reply, type Request } from './messages.js';
import { openCore, type StreamThreadSettings } from './open-core.js';
import { SchemaRequests } from './schema-requests.js';
import { WorkerHost } from './worker-host.js';

/* The stream thread in a worker: opens the file that it is given, then serves its parent until it is told to close. */

assert(parentPort !== null, 'this file is the entry of a worker thread');
const port = parentPort;
const send = (reply: Reply): void => port.postMessage(reply);

try {
  const schemas = new SchemaRequests((schemaId) => send({ kind: 'wantSchema', schemaId }));
  const ports = { clock: systemClock, random: Math.random, loadSchema: schemas.load };
  const { core } = openCore(workerData as StreamThreadSettings, ports);
  const host = new WorkerHost(core, send);
  port.on('message', (request: Request) => {
    if (request.call === 'schema') {
      schemas.answered(request.schemaId, request.schema);
      return;
    }
    host.handle(request);
    if (request.call === 'close') port.close();
  });
  send({ kind: 'ready' });
} catch (error) {
  send({ kind: 'refused', error: errorToData(error) });
  port.close();
}
