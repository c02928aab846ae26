import type { Random } from '../simulation/random.js';
import { mutateBytes } from '../support/mutate-bytes.js';
import { anySize } from './varint.js';

/** What a kind of records can be damaged with, beside what does harm to all. */
export interface Weapons {
  /** Bytes before the body: none, or magic byte and id. */
  readonly frameBytes: number;
  /** Ids to put into the frame, if there is one. */
  readonly ids: readonly number[];
  /** Numbers that are too long, too large or negative. */
  readonly numbers: readonly Buffer[];
  /** Bodies that are made to harm: deep, long, or more than they seem. */
  readonly bombs: readonly Bomb[];
}

export interface Bomb {
  readonly name: string;
  readonly body: (random: Random) => Buffer;
}

const JUNK_MAX = 200;
const LONG_BYTES = 64 * 1024;

/** A damaged copy of a record, and a word for what was done. */
export function damageRecord(random: Random, record: Buffer, weapons: Weapons): { bytes: Buffer; damage: string } {
  const { frameBytes } = weapons;
  const frame = record.subarray(0, frameBytes);
  const body = record.subarray(frameBytes);
  const framed = (changed: Buffer, damage: string) => ({ bytes: Buffer.concat([frame, changed]), damage });
  const draw = random.below(1000);
  if (draw < 500) return framed(mutateBytes(random, body), 'changed');
  if (draw < 600) return { bytes: mutateBytes(random, record), damage: 'changed with its frame' };
  if (draw < 670)
    return { bytes: Buffer.from(record.subarray(0, random.below(record.length + 1))), damage: 'truncated' };
  if (draw < 770) return framed(withNumber(random, body, weapons), 'a number put in');
  if (draw < 840 && frameBytes > 0) return { bytes: withFrame(random, record, weapons), damage: 'another frame' };
  if (draw < 940) {
    const { name, body: make } = random.pick(weapons.bombs);
    return framed(make(random), name);
  }
  if (draw < 975) return framed(joined(body, 2 + anySize(random, 20)), 'doubled');
  if (draw < 995) return framed(junk(random), 'junk');
  return framed(longer(random, body), 'a part many times');
}

function withNumber(random: Random, body: Buffer, { numbers }: Weapons): Buffer {
  let changed = body;
  for (let i = random.below(3); i >= 0; i--) {
    const at = random.below(changed.length + 1);
    const number = random.pick(numbers);
    const after = random.chance(0.5) ? at : at + number.length;
    changed = Buffer.concat([changed.subarray(0, at), number, changed.subarray(after)]);
  }
  return changed;
}

function withFrame(random: Random, record: Buffer, { ids }: Weapons): Buffer {
  const bytes = Buffer.from(record);
  if (random.chance(0.2) || bytes.length < 5) bytes[0] = random.below(256);
  else
    bytes.writeInt32BE(
      random.chance(0.8) ? random.pick(ids) : random.below(2 ** 31) * (random.chance(0.5) ? 1 : -1),
      1,
    );
  return bytes;
}

function joined(body: Buffer, times: number): Buffer {
  return body.length === 0 ? body : Buffer.alloc(body.length * times, body);
}

function junk(random: Random): Buffer {
  return Buffer.from(Array.from({ length: random.below(JUNK_MAX) }, () => random.below(256)));
}

function longer(random: Random, body: Buffer): Buffer {
  const at = random.below(body.length + 1);
  const part = body.subarray(at, at + 1 + random.below(24));
  const times = part.length === 0 ? 0 : Math.floor(anySize(random, LONG_BYTES) / part.length);
  return Buffer.concat([body.subarray(0, at), joined(part, times), body.subarray(at)]);
}
