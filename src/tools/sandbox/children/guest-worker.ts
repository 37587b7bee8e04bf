import process from "node:process";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { programFile } from "../../../kernel/package.ts";
import { frameTaker, type SandboxChild, type SandboxChildOptions } from "./sandbox-child.ts";
import { Connection, PortStream } from "../wire/index.ts";

const ENTRY = programFile("tools/sandbox/guest/worker").path;
const HEAP_MIB_MAX = 512;

/**
 * A thread in which guests run: starts in a third of a process's time and takes a quarter of its memory, and fuel,
 * memory, deadlines and grants hold in it as well. But it is no second wall: a guest that breaks out of WebAssembly is in
 * the server, and one that makes V8 give up takes the server along. For development, and where processes cannot be had.
 */
export class GuestWorker implements SandboxChild {
  readonly pid = undefined;
  readonly #worker: Worker | undefined;
  readonly #connection: Connection;
  readonly #exited = Promise.withResolvers<void>();
  #frames = 0;
  #fault: string | undefined;
  #hasEnded = false;

  constructor(options: SandboxChildOptions) {
    const { port1, port2 } = new MessageChannel();
    const take = frameTaker(options, (reason) => this.kill(reason));
    this.#connection = new Connection(new PortStream(port1), {
      payloadBytesMax: options.payloadBytesMax,
      kinds: options.kinds,
      onFrame: (frame) => {
        this.#frames += 1;
        take(frame);
      },
      onEnd: (reason) => this.kill(reason),
    });
    try {
      this.#worker = workerOn(port2);
    } catch (error) {
      this.#fault = String(error);
      process.nextTick(() => this.#ended(options, "it could not be started"));
      return;
    }
    this.#worker.once("error", (error) => {
      this.#fault ??= error instanceof Error ? error.message : String(error);
    });
    this.#worker.once("exit", (code) => this.#ended(options, `exit code ${code}`));
  }

  #ended(options: SandboxChildOptions, way: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#connection.close();
    this.#exited.resolve();
    options.onExit(this.#fault ?? way);
  }

  get framesReceived(): number {
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
    void this.#worker?.terminate();
  }
}

const workerOn = (port: MessagePort): Worker =>
  new Worker(ENTRY, {
    workerData: port,
    transferList: [port],
    env: {},
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX, maxYoungGenerationSizeMb: 16 },
  });
