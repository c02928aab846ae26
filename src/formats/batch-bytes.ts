/**
 * The buffer that records are read from. It has a view for words of several bytes once a second record comes from it: a view costs more than it
 * saves in one record.
 */
export class BatchBytes {
  bytes: Buffer = Buffer.alloc(0);
  view: DataView | null = null;

  /** To be called with the buffer of each record. */
  turnTo(bytes: Buffer): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = null;
    } else if (this.view === null) {
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
  }
}
