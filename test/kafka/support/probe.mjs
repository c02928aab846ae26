/**
 * The one question that tells whether a broker is up, asked in bytes: which brokers it knows. A client library would try again and log;
 * this answers at once.
 */
import { connect } from 'node:net';

const METADATA = 3;
const METADATA_VERSION = 4;
const CORRELATION_ID = 7;

/** The ids of the brokers that the one at this address knows, or null if it does not answer. */
export function askBrokers(host, port, timeoutMs) {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let received = Buffer.alloc(0);
    const answer = (ids) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(ids);
    };
    const timer = setTimeout(() => answer(null), timeoutMs);
    socket.on('connect', () => socket.write(metadataRequest()));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 4 && received.length >= 4 + received.readInt32BE(0))
        answer(brokerIds(received.subarray(4)));
    });
    socket.on('error', () => answer(null));
    socket.on('close', () => answer(null));
  });
}

/** Metadata of no topic, creating none. */
function metadataRequest() {
  const request = Buffer.alloc(19);
  request.writeInt32BE(request.length - 4, 0);
  request.writeInt16BE(METADATA, 4);
  request.writeInt16BE(METADATA_VERSION, 6);
  request.writeInt32BE(CORRELATION_ID, 8);
  request.writeInt16BE(-1, 12);
  request.writeInt32BE(0, 14);
  request.writeInt8(0, 18);
  return request;
}

/** Correlation id, throttle time, then of each broker: id, host, port, rack. */
function brokerIds(response) {
  const ids = [];
  let at = 8;
  const count = response.readInt32BE(at);
  at += 4;
  for (let i = 0; i < count; i++) {
    ids.push(response.readInt32BE(at));
    at += 4;
    at += 2 + response.readInt16BE(at);
    at += 4;
    at += 2 + Math.max(0, response.readInt16BE(at));
  }
  return ids;
}
