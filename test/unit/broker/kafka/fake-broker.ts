import { createServer, type Server, type Socket } from 'node:net';
import { Decoder } from '../../../../src/broker/kafka/wire/decoder.js';
import { Encoder } from '../../../../src/broker/kafka/wire/encoder.js';

/** A request as it came in. */
export interface Received {
  readonly key: number;
  readonly version: number;
  readonly body: Buffer;
}

/** What to do with a request: write the answer, say nothing, or break the connection. */
export type Reaction = ((to: Encoder) => void) | 'silence' | 'hang-up';

export const KEYS = {
  produce: 0,
  fetch: 1,
  listOffsets: 2,
  metadata: 3,
  offsetCommit: 8,
  findCoordinator: 10,
  joinGroup: 11,
  heartbeat: 12,
  leaveGroup: 13,
  syncGroup: 14,
  saslHandshake: 17,
  apiVersions: 18,
  initProducerId: 22,
  addPartitions: 24,
  endTxn: 26,
  saslAuthenticate: 36,
} as const;

const FLEXIBLE: readonly number[] = [KEYS.produce, KEYS.fetch, KEYS.metadata, KEYS.joinGroup];

export interface FakeTopic {
  readonly name: string;
  readonly id: string;
  /** Of each partition; -1 for none. */
  readonly leaders: readonly number[];
}

/** A cluster of one node, 1, that answers what a test tells it to. Every connection and request is remembered. */
export class FakeBroker {
  readonly received: Received[] = [];
  readonly handlers = new Map<number, (request: Received) => Reaction>();
  topics: readonly FakeTopic[] = [];
  fetchVersionMax = 17;
  connections = 0;
  port = 0;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  constructor() {
    this.handlers.set(KEYS.apiVersions, () => (to) => this.#apiVersions(to));
    this.handlers.set(KEYS.metadata, () => (to) => this.#metadata(to));
    this.handlers.set(KEYS.findCoordinator, () => (to) => {
      to.int32(0);
      to.int16(0);
      to.nullableString(null);
      to.int32(1);
      to.string('127.0.0.1');
      to.int32(this.port);
    });
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as { port: number }).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = new Promise((resolve) => server.close(resolve));
    this.hangUp();
    await closed;
  }

  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The requests of one kind, in order. */
  of(key: number): readonly Received[] {
    return this.received.filter((request) => request.key === key);
  }

  on(key: number, handler: (request: Received) => Reaction): void {
    this.handlers.set(key, handler);
  }

  #serve(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    let bytes = Buffer.alloc(0);
    socket.on('data', (data) => {
      bytes = Buffer.concat([bytes, data]);
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE()) {
        const frame = bytes.subarray(4, 4 + bytes.readInt32BE());
        bytes = bytes.subarray(4 + frame.length);
        this.#answer(socket, frame);
      }
    });
  }

  #answer(socket: Socket, frame: Buffer): void {
    const key = frame.readInt16BE(0);
    const correlationId = frame.readInt32BE(4);
    const headerBytes = 10 + Math.max(frame.readInt16BE(8), 0) + (FLEXIBLE.includes(key) ? 1 : 0);
    const request = { key, version: frame.readInt16BE(2), body: Buffer.from(frame.subarray(headerBytes)) };
    this.received.push(request);
    const reaction = this.handlers.get(key)?.(request) ?? 'hang-up';
    if (reaction === 'silence') return;
    if (reaction === 'hang-up') {
      socket.destroy();
      return;
    }
    const answer = new Encoder();
    answer.int32(correlationId);
    if (FLEXIBLE.includes(key)) answer.noTags();
    reaction(answer);
    const size = Buffer.alloc(4);
    size.writeInt32BE(answer.byteLength);
    socket.write(Buffer.concat([size, ...answer.finish()]));
  }

  #apiVersions(to: Encoder): void {
    to.int16(0);
    const keys = Object.values(KEYS);
    to.arrayLength(keys.length);
    for (const key of keys) {
      to.int16(key);
      to.int16(0);
      to.int16(key === KEYS.fetch ? this.fetchVersionMax : 12);
    }
  }

  #metadata(to: Encoder): void {
    to.int32(0);
    to.compactArrayLength(1);
    to.int32(1);
    to.compactString('127.0.0.1');
    to.int32(this.port);
    to.compactNullableString(null);
    to.noTags();
    to.compactNullableString('cluster');
    to.int32(1);
    to.compactArrayLength(this.topics.length);
    for (const { name, id, leaders } of this.topics) {
      to.int16(0);
      to.compactNullableString(name);
      to.uuid(id);
      to.bool(false);
      to.compactArrayLength(leaders.length);
      leaders.forEach((leader, partition) => {
        to.int16(leader < 0 ? 5 : 0);
        to.int32(partition);
        to.int32(leader);
        to.int32(0);
        for (let list = 0; list < 3; list++) {
          to.compactArrayLength(1);
          to.int32(1);
        }
        to.noTags();
      });
      to.int32(0);
      to.noTags();
    }
    to.noTags();
  }
}

/** What a batch of a Produce request says of its producer. */
export function producedBatch(request: Received): {
  producerId: number;
  epoch: number;
  sequence: number;
  bytes: Buffer;
} {
  const from = new Decoder(request.body);
  from.compactNullableString();
  from.int16();
  from.int32();
  from.compactArrayLength();
  from.compactString();
  from.compactArrayLength();
  from.int32();
  const bytes = from.compactBytes();
  return {
    producerId: Number(bytes.readBigInt64BE(43)),
    epoch: bytes.readInt16BE(51),
    sequence: bytes.readInt32BE(53),
    bytes,
  };
}

/** The answer of a Produce request for partition 0 of one topic. */
export function produced(topic: string, error: number, baseOffset = 0): Reaction {
  return (to) => {
    to.compactArrayLength(1);
    to.compactString(topic);
    to.compactArrayLength(1);
    to.int32(0);
    to.int16(error);
    to.int64(error === 0 ? baseOffset : -1);
    to.int64(-1);
    to.int64(0);
    to.compactArrayLength(0);
    to.compactNullableString(null);
    to.noTags();
    to.noTags();
    to.int32(0);
    to.noTags();
  };
}

export function producerId(id: number, epoch: number, error = 0): Reaction {
  return (to) => {
    to.int32(0);
    to.int16(error);
    to.int64(error === 0 ? id : -1);
    to.int16(error === 0 ? epoch : -1);
  };
}

/** An answer that is a throttle time and an error. */
export function justError(error: number): Reaction {
  return (to) => {
    to.int32(0);
    to.int16(error);
  };
}

export function partitionsAdded(topic: string, error: number): Reaction {
  return (to) => {
    to.int32(0);
    to.arrayLength(1);
    to.string(topic);
    to.arrayLength(1);
    to.int32(0);
    to.int16(error);
  };
}

export interface FakeFetched {
  readonly topicId: string;
  readonly partition?: number;
  readonly error?: number;
  readonly end?: number;
  readonly records?: Buffer | null;
}

export function fetched(partitions: readonly FakeFetched[], error = 0): Reaction {
  return (to) => {
    to.int32(0);
    to.int16(error);
    to.int32(0);
    to.compactArrayLength(partitions.length);
    for (const { topicId, partition = 0, error = 0, end = 0, records = null } of partitions) {
      to.uuid(topicId);
      to.compactArrayLength(1);
      to.int32(partition);
      to.int16(error);
      to.int64(end);
      to.int64(end);
      to.int64(0);
      to.compactArrayLength(-1);
      to.int32(-1);
      if (records === null) to.uvarint(0);
      else to.compactBytes(records);
      to.noTags();
      to.noTags();
    }
    to.noTags();
  };
}

/** The partitions that a Fetch asks for. */
export function fetchRequest(request: Received): {
  waitMs: number;
  partitions: { topicId: string; partition: number; offset: number; bytesMax: number }[];
} {
  const from = new Decoder(request.body);
  from.int32();
  const waitMs = from.int32();
  from.int32();
  from.int32();
  from.int8();
  from.int32();
  from.int32();
  const partitions = from.compactArray((f) => {
    const topicId = f.uuid();
    const [one] = f.compactArray((p) => {
      const partition = p.int32();
      p.int32();
      const offset = p.int64();
      p.int32();
      p.int64();
      const bytesMax = p.int32();
      p.skipTags();
      return { topicId, partition, offset, bytesMax };
    });
    f.skipTags();
    return one!;
  });
  return { waitMs, partitions };
}
