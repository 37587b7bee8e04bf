import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MessageChannel, Worker } from "node:worker_threads";
import { here } from "../kernel/here.ts";
import type { GuestHome, GuestHomeOptions } from "./guest-home.ts";
import { Connection, KIND, PortStream } from "./wire/index.ts";

const ENTRY = join(fileURLToPath(new URL(".", import.meta.url)), "guest", `thread.${here}`);
const HEAP_MIB_MAX = 512;

/**
 * A thread in which guests run: starts in a third of a process's time and takes a quarter of its memory, and fuel,
 * memory, deadlines and grants hold in it as well. But it is no second wall: a guest that breaks out of WebAssembly is in
 * the server, and one that makes V8 give up takes the server along. For development, and where processes cannot be had.
 */
export class GuestThread implements GuestHome {
  readonly pid = undefined;
  readonly #worker: Worker;
  readonly #connection: Connection;
  readonly #exited = Promise.withResolvers<void>();
  #frames = 0;
  #fault: string | undefined;

  constructor(options: GuestHomeOptions) {
    const { port1, port2 } = new MessageChannel();
    this.#worker = new Worker(ENTRY, {
      workerData: port2,
      transferList: [port2],
      env: {},
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX, maxYoungGenerationSizeMb: 16 },
    });
    this.#connection = new Connection(new PortStream(port1), {
      payloadBytesMax: options.payloadBytesMax,
      kinds: options.kinds,
      onFrame: (frame) => {
        this.#frames += 1;
        if (frame.kind === KIND.ready) options.onReady();
        else options.onFrame(frame);
      },
      onEnd: (reason) => this.kill(reason),
    });
    this.#worker.once("error", (error) => {
      this.#fault ??= error instanceof Error ? error.message : String(error);
    });
    this.#worker.once("exit", (code) => {
      this.#connection.close();
      this.#exited.resolve();
      options.onExit(this.#fault ?? `exit code ${code}`);
    });
  }

  get framesHeard(): number {
    return this.#frames;
  }

  get exited(): Promise<void> {
    return this.#exited.promise;
  }

  send(kind: number, id: number, server: number, ...parts: readonly Uint8Array[]): void {
    this.#connection.send(kind, id, server, ...parts);
  }

  sendText(...message: Parameters<Connection["sendText"]>): void {
    this.#connection.sendText(...message);
  }

  kill(reason: string): void {
    this.#fault ??= reason;
    void this.#worker.terminate();
  }
}
