import { Duplex } from "node:stream";
import type { MessagePort } from "node:worker_threads";

/** A message port as a stream of bytes, so that frames go to a thread as they go to a process. */
export class PortStream extends Duplex {
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    super({ decodeStrings: true });
    this.#port = port;
    port.on("message", (bytes: unknown) => {
      if (bytes instanceof Uint8Array) this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    });
    port.once("close", () => this.destroy());
  }

  /** Bytes come as the other side sends them; credit limits the bytes in flight. */
  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    // A copy, since the block it lies in is written on, and one that can be given away.
    const copy = new Uint8Array(chunk);
    this.#port.postMessage(copy, [copy.buffer]);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#port.close();
    done(error);
  }
}
