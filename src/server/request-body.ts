import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
import { badRequest, RequestError } from './error-response.js';
import type { ServerRequest } from './server-context.js';

/**
 * The whole body as text, whatever the content type and the method. Bytes are counted as they arrive from the socket: a length that
 * was declared wrongly or not at all does not matter.
 *
 * @throws RequestError 413 for a body beyond `bytesMax`, 400 for one that is not UTF-8
 */
export async function readBody(request: ServerRequest, bytesMax: number): Promise<string> {
  const declared = request.req.header('content-length');
  if (declared !== undefined && Number(declared) > bytesMax) throw tooLarge(bytesMax);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of bodyChunks(request)) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks, bytes);
  if (!isUtf8(body)) throw badRequest('Invalid JSON in request: the body is not UTF-8');
  return body.toString('utf8');
}

/** The body as it arrives. Leaving the iteration early keeps the connection: the response is still to be sent. */
export async function* bodyChunks(request: ServerRequest): AsyncGenerator<Uint8Array> {
  const incoming = request.env?.incoming;
  if (incoming !== undefined) {
    yield* (incoming as Readable).iterator({ destroyOnReturn: false });
    return;
  }
  const stream = request.req.raw.body;
  if (stream !== null) yield* Readable.fromWeb(stream as Parameters<typeof Readable.fromWeb>[0]);
}

/**
 * The lines of a body, each with what has arrived in one piece: arrays of one or more lines, without their ends; blank ones are
 * left out. A last line needs no end.
 *
 * @throws RequestError 413 for a line beyond `lineBytesMax`, before more of it is kept
 */
export async function* bodyLines(
  chunks: AsyncIterable<Uint8Array>,
  lineBytesMax: number,
): AsyncGenerator<readonly Buffer[]> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  for await (const chunk of chunks) {
    const lines: Buffer[] = [];
    let start = 0;
    let tooLong = false;
    while (!tooLong && start < chunk.length) {
      const lineEnd = chunk.indexOf(LINE_END, start);
      const piece = chunk.subarray(start, lineEnd < 0 ? chunk.length : lineEnd);
      start += piece.length + 1;
      restBytes += piece.length;
      tooLong = restBytes > lineBytesMax;
      if (tooLong || lineEnd < 0) {
        rest.push(piece);
      } else {
        addLine(lines, rest.length === 0 ? asBuffer(piece) : Buffer.concat([...rest, piece]));
        rest = [];
        restBytes = 0;
      }
    }
    if (lines.length > 0) yield lines;
    if (tooLong) throw lineTooLong(lineBytesMax);
  }
  const last: Buffer[] = [];
  addLine(last, Buffer.concat(rest));
  if (last.length > 0) yield last;
}

const LINE_END = 0x0a;
const CARRIAGE_RETURN = 0x0d;

function addLine(lines: Buffer[], line: Buffer): void {
  const end = line.length > 0 && line[line.length - 1] === CARRIAGE_RETURN ? line.length - 1 : line.length;
  for (let i = 0; i < end; i++) {
    if (line[i] !== 0x20 && line[i] !== 0x09) {
      lines.push(line.subarray(0, end));
      return;
    }
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function tooLarge(bytesMax: number): RequestError {
  return new RequestError(413, 41300, `The request body is larger than ${bytesMax} bytes`);
}

function lineTooLong(bytesMax: number): RequestError {
  return new RequestError(413, 41300, `A line of the request body is longer than ${bytesMax} bytes`);
}
