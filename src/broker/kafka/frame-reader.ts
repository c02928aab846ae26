/** Smaller frames are copied out of here; larger ones are received where they stay. */
const LANDING_BYTES = 64 * 1024;
const SIZE_BYTES = 4;
/** Room made for a frame before more of it has come: what claims to be longer may be no frame at all. */
const ROOM_BYTES_FIRST = 16 * 1024 * 1024;

/**
 * Cuts the bytes of a connection into frames: a big-endian int32, then so many bytes. Whoever receives asks for room, fills it from its beginning,
 * and says by how much.
 */
export class FrameReader {
  readonly #landing = Buffer.allocUnsafeSlow(LANDING_BYTES);
  readonly #onFrame: (frame: Buffer) => void;
  /** Bytes in `#landing`: the beginning of a frame. */
  #landed = 0;
  /** A large frame in the making. */
  #frame: Buffer | null = null;
  /** Bytes of it that have come, and that there will be. */
  #filled = 0;
  #size = 0;

  /** @param onFrame gets each frame with its size in front; its bytes are its own */
  constructor(onFrame: (frame: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  /** Where the next bytes go. */
  room(): Buffer {
    return this.#frame === null ? this.#landing.subarray(this.#landed) : this.#frame.subarray(this.#filled);
  }

  /**
   * So many bytes have been put into the room given last.
   * @throws RangeError when they cannot be frames
   */
  received(count: number): void {
    if (this.#frame === null) {
      this.#landed += count;
      this.#cut();
    } else {
      this.#filled += count;
      this.#fill(this.#frame);
    }
  }

  #cut(): void {
    const landing = this.#landing;
    let at = 0;
    while (this.#landed - at >= SIZE_BYTES) {
      const size = SIZE_BYTES + landing.readInt32BE(at);
      if (size < SIZE_BYTES) throw new RangeError(`a frame of ${size - SIZE_BYTES} bytes`);
      if (size > LANDING_BYTES) {
        this.#beginLarge(landing.subarray(at, this.#landed), size);
        return;
      }
      if (this.#landed - at < size) break;
      this.#onFrame(Buffer.from(landing.subarray(at, at + size)));
      at += size;
    }
    landing.copyWithin(0, at, this.#landed);
    this.#landed -= at;
  }

  #beginLarge(beginning: Buffer, size: number): void {
    const frame = Buffer.allocUnsafeSlow(Math.min(size, ROOM_BYTES_FIRST));
    beginning.copy(frame);
    this.#frame = frame;
    this.#size = size;
    this.#filled = beginning.length;
    this.#landed = 0;
  }

  #fill(frame: Buffer): void {
    if (this.#filled < frame.length) return;
    if (this.#filled < this.#size) {
      const larger = Buffer.allocUnsafeSlow(Math.min(2 * frame.length, this.#size));
      frame.copy(larger);
      this.#frame = larger;
      return;
    }
    this.#frame = null;
    this.#onFrame(frame);
  }
}
