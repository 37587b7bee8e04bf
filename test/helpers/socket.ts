import { once } from "node:events";
import { WebSocket } from "ws";
import { SocketEvent } from "../../src/api/contract/index.ts";

type Op = SocketEvent["op"];
type Heard<Name extends Op> = Extract<SocketEvent, { op: Name }>;

/** A client of the messages' WebSocket: an independent library over a real connection. */
export class Socket implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #waiting: SocketEvent[] = [];
  #bell = Promise.withResolvers<void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => {
      this.#waiting.push(SocketEvent.parse(JSON.parse(data.toString("utf8"))));
      this.#bell.resolve();
    });
  }

  static async open(url: string): Promise<Socket> {
    const socket = new WebSocket(url);
    const opened = new Socket(socket);
    await once(socket, "open");
    return opened;
  }

  say(request: object): void {
    this.sayText(JSON.stringify(request));
  }

  sayText(text: string): void {
    this.#socket.send(text);
  }

  sayBytes(bytes: Buffer): void {
    this.#socket.send(bytes);
  }

  /** Reads nothing more. */
  pause(): void {
    this.#socket.pause();
  }

  /** Ends without saying so. */
  cut(): void {
    this.#socket.terminate();
  }

  /** The next thing said of this kind; what else is said meanwhile waits. */
  async heard<Name extends Op>(op: Name): Promise<Heard<Name>> {
    for (;;) {
      const index = this.#waiting.findIndex((event) => event.op === op);
      const [event] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (event !== undefined && isOp(event, op)) return event;
      this.#bell = Promise.withResolvers();
      await this.#bell.promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    if (this.#socket.readyState !== WebSocket.CLOSED) await once(this.#socket, "close");
  }
}

const isOp = <Name extends Op>(event: SocketEvent, op: Name): event is Heard<Name> => event.op === op;
