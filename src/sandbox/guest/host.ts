import type { Socket } from "node:net";
import {
  CALL_HEAD_BYTES,
  Connection,
  decodeCallHead,
  decodeIoReply,
  decodeWithBytes,
  encodeIoRequest,
  encodeResultHead,
  encodeWithBytes,
  type Frame,
  FROM_SERVER,
  type IoReply,
  type IoRequest,
  KIND,
  type LoadSpec,
  type Outcome,
} from "../wire/index.ts";
import { ABIS } from "./abis.ts";
import { build } from "./build.ts";
import type { CallOutcome } from "./instance.ts";
import { type InstanceRoom, LoadedServer } from "./loaded-server.ts";
import { Turns } from "./turns.ts";

/** The server is trusted, but a bound is a bound: a metered module of the largest size fits. */
const PAYLOAD_BYTES_MAX = 128 * 1024 * 1024;
const INSTANCES_MAX = 4_000;
/** Standard error of one call that is passed on. */
const LOG_BYTES_MAX = 64 * 1024;
const CANCEL_OUTCOMES: readonly Outcome[] = ["cancelled", "deadline"];

/** The inside of a sandbox child: takes frames, runs guests, sends frames. Holds no secret and trusts no guest. */
export class Host {
  readonly #connection: Connection;
  readonly #turns: Turns;
  readonly #servers = new Map<number, LoadedServer>();
  readonly #room: InstanceRoom = { count: 0, max: INSTANCES_MAX };
  readonly #replies = new Map<number, (reply: IoReply) => void>();
  #logged = { call: 0, bytes: 0 };
  #nextRequest = 1;

  constructor(socket: Socket, onEnd: () => void) {
    this.#connection = new Connection(socket, {
      payloadBytesMax: PAYLOAD_BYTES_MAX,
      kinds: FROM_SERVER,
      onFrame: (frame) => this.#take(frame),
      onEnd,
    });
    this.#turns = new Turns(() => this.#connection.flush());
    this.#connection.send(KIND.ready, 0, 0);
  }

  #take({ kind, id, server, payload }: Frame): void {
    switch (kind) {
      case KIND.call: {
        const { session, tool } = decodeCallHead(payload);
        const argumentsText = payload.subarray(CALL_HEAD_BYTES);
        this.#servers.get(server)?.call(id, session, tool, argumentsText);
        return;
      }
      case KIND.ioReply: {
        const settle = this.#replies.get(id);
        this.#replies.delete(id);
        settle?.(decodeIoReply(payload));
        return;
      }
      case KIND.cancel:
        this.#servers.get(server)?.cancel(id, CANCEL_OUTCOMES[payload[0] ?? 0] ?? "cancelled");
        return;
      case KIND.endSession:
        this.#servers.get(server)?.endSession(payload.readUInt32LE(0));
        return;
      case KIND.load:
        this.#load(server, payload);
        return;
      case KIND.unload:
        this.#servers.get(server)?.unload();
        this.#servers.delete(server);
        return;
      case KIND.build:
        void this.#build(payload);
        return;
      case KIND.ping:
        this.#connection.send(KIND.pong, id, this.#room.count);
    }
  }

  #load(server: number, payload: Buffer): void {
    const failure = this.#tryLoad(server, payload);
    this.#connection.send(KIND.loaded, 0, server, Buffer.from(failure ?? ""));
  }

  /** Why the module could not be loaded; undefined when it was. */
  #tryLoad(server: number, payload: Buffer): string | undefined {
    const parts = decodeWithBytes(payload);
    if (parts === undefined) return "the load request is damaged";
    const spec: LoadSpec = JSON.parse(parts.json.toString("utf8"));
    const abi = ABIS.find(({ name }) => name === spec.abi);
    if (abi === undefined) return `the ABI ${spec.abi} is not known`;
    try {
      const module = new WebAssembly.Module(new Uint8Array(parts.bytes));
      this.#servers.set(
        server,
        new LoadedServer(
          {
            turns: this.#turns,
            abi,
            module,
            room: this.#room,
            send: (call, outcome) => this.#sendResult(server, call, outcome),
            requestFile: (call, request, settle) => this.#requestFile(server, call, request, settle),
            log: (call, bytes) => this.#log(server, call, bytes),
          },
          spec,
        ),
      );
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async #build(payload: Buffer): Promise<void> {
    const { answer, bytes } = await build(payload, this.#turns);
    this.#connection.send(KIND.built, 0, 0, ...encodeWithBytes(answer, bytes));
  }

  #sendResult(server: number, call: number, outcome: CallOutcome): void {
    const [said, body] = bodyOf(outcome);
    const { fuel, memoryBytes } = outcome;
    this.#connection.send(KIND.result, call, server, encodeResultHead({ outcome: said, fuel, memoryBytes }), body);
  }

  #requestFile(server: number, call: number, ...[request, settle]: [IoRequest, (reply: IoReply) => void]): void {
    const id = this.#nextRequest;
    this.#nextRequest = (id + 1) >>> 0;
    this.#replies.set(id, settle);
    this.#connection.send(KIND.ioRequest, id, server, ...encodeIoRequest(call, request));
  }

  #log(server: number, call: number, bytes: Uint8Array): void {
    if (this.#logged.call !== call) this.#logged = { call, bytes: 0 };
    const part = bytes.subarray(0, LOG_BYTES_MAX - this.#logged.bytes);
    this.#logged.bytes += part.length;
    if (part.length > 0) this.#connection.send(KIND.log, call, server, Buffer.from(part));
  }
}

/** The commonest answer, one text, goes as it is; other answers as JSON. */
function bodyOf(outcome: CallOutcome): readonly [Outcome, Buffer] {
  if (outcome.type === "ended") return [outcome.outcome, Buffer.from(outcome.detail)];
  const { answer } = outcome;
  if (answer.type === "tool-error") return ["tool-error", Buffer.from(answer.text)];
  const [first, ...rest] = answer.content;
  if (first?.type === "text" && rest.length === 0 && answer.structured === undefined) {
    return ["text", Buffer.from(first.text)];
  }
  return ["content", Buffer.from(JSON.stringify({ content: answer.content, structured: answer.structured }))];
}
