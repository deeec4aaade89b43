/**
 * What a connection has to say is gathered in a buffer and written to the socket once a tick. The buffers belong to the server: a
 * connection borrows one when it has something to say and gives it back when that is written, so an idle connection holds none.
 */

/** What a connection needs of its socket; `net.Socket` and `tls.TLSSocket` have it. */
export interface Transport {
  readonly writableLength: number;
  write(bytes: Uint8Array): boolean;
}

const bufferBytes = 65_536;
/** More than this many are let go when a burst is over. */
const keptBuffersMax = 64;

export class OutputBuffers {
  readonly #free: Buffer[] = [];

  borrow(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(bufferBytes);
  }

  giveBack(buffer: Buffer): void {
    if (this.#free.length < keptBuffersMax) this.#free.push(buffer);
  }
}

const noBytes = Buffer.alloc(0);

export class Output {
  /** What is gathered is `bytes[0, end)`. A writer asks `reserve` for room, writes from `end` on, and moves `end`. */
  bytes: Buffer = noBytes;
  end: number = 0;

  readonly #transport: Transport;
  readonly #buffers: OutputBuffers;
  readonly #onFirst: () => void;
  /**
   * The last write was not over when it returned: the peer is slow, or TLS still had to encrypt it. Then the socket gets copies, which
   * are no longer than what there is to say.
   */
  #isLate: boolean = false;

  /** @param onFirst is told when there is something to flush */
  constructor(transport: Transport, buffers: OutputBuffers, onFirst: () => void) {
    this.#transport = transport;
    this.#buffers = buffers;
    this.#onFirst = onFirst;
  }

  /** Makes room for `count` bytes behind `end`; at most 65,536. */
  reserve(count: number): void {
    if (this.end + count <= this.bytes.length) return;
    this.flush();
    this.bytes = this.#buffers.borrow();
    this.#onFirst();
  }

  /** Writes what is gathered to the socket. */
  flush(): void {
    const { bytes, end } = this;
    if (end === 0) return;
    this.bytes = noBytes;
    this.end = 0;
    const transport = this.#transport;
    if (this.#isLate || transport.writableLength > 0) {
      transport.write(Buffer.from(bytes.subarray(0, end)));
      this.#buffers.giveBack(bytes);
      this.#isLate = transport.writableLength > 0;
      return;
    }
    transport.write(bytes.subarray(0, end));
    // Usually the kernel has taken it all. If not, the socket still reads from this buffer, which is the socket's then.
    this.#isLate = transport.writableLength > 0;
    if (!this.#isLate) this.#buffers.giveBack(bytes);
  }
}
