import type { Duplex } from "node:stream";
import {
  CALL_HEAD_BYTES,
  Connection,
  decodeIoReply,
  decodeWithBytes,
  encodeIoRequest,
  encodeResultHead,
  encodeWithBytes,
  type Frame,
  FROM_SERVER,
  KIND,
  type LoadSpec,
  type Outcome,
  payloadOf,
} from "../wire/index.ts";
import { ABIS } from "./abis/abis.ts";
import { build } from "./build.ts";
import { FileRequests } from "./file-requests.ts";
import type { CallOutcome } from "./instance.ts";
import { type InstanceRoom, LoadedServer } from "./loaded-server.ts";
import { RunningCallNotice } from "./running-call-notice.ts";
import { Turns } from "./turns.ts";

/** The server is trusted, but a bound is a bound: a metered module of the largest size fits. */
const PAYLOAD_BYTES_MAX = 128 * 1024 * 1024;
const INSTANCES_MAX = 4_000;
const CANCEL_OUTCOMES: readonly Outcome[] = ["cancelled", "deadline"];

/** The inside of a sandbox child: takes frames, runs guests, sends frames. Holds no secret and trusts no guest. */
export class Host {
  readonly #connection: Connection;
  readonly #turns: Turns;
  readonly #notice: RunningCallNotice;
  readonly #servers = new Map<number, LoadedServer>();
  readonly #room: InstanceRoom = { count: 0, max: INSTANCES_MAX };
  readonly #files = new FileRequests((id, { call, server, request }) =>
    this.#connection.send(KIND.ioRequest, id, server, ...encodeIoRequest(call, request)),
  );

  /** `greeting` goes with the first frame. */
  constructor(socket: Duplex, onEnd: () => void, greeting: Uint8Array = Buffer.alloc(0)) {
    this.#connection = new Connection(socket, {
      payloadBytesMax: PAYLOAD_BYTES_MAX,
      kinds: FROM_SERVER,
      onFrame: (frame) => this.#take(frame),
      onEnd,
    });
    this.#turns = new Turns(() => this.#connection.flush());
    this.#notice = new RunningCallNotice({
      send: (server, call) => this.#connection.send(KIND.turn, call, server),
      flush: () => this.#connection.flush(),
    });
    this.#connection.send(KIND.ready, 0, 0, greeting);
  }

  #take(frame: Frame): void {
    const { kind, id, server, bytes, start, end } = frame;
    switch (kind) {
      case KIND.call: {
        const argumentsText = bytes.subarray(start + CALL_HEAD_BYTES, end);
        this.#servers.get(server)?.call(id, bytes.readUInt32LE(start), bytes.readUInt16LE(start + 4), argumentsText);
        return;
      }
      case KIND.ioReply:
        this.#files.answered(id, decodeIoReply(payloadOf(frame)));
        return;
      case KIND.cancel:
        this.#servers.get(server)?.cancel(id, CANCEL_OUTCOMES[bytes[start] ?? 0] ?? "cancelled");
        return;
      case KIND.endSession:
        this.#servers.get(server)?.endSession(bytes.readUInt32LE(start));
        return;
      case KIND.load:
        this.#load(server, payloadOf(frame));
        return;
      case KIND.unload:
        this.#servers.get(server)?.unload();
        this.#servers.delete(server);
        return;
      case KIND.trim:
        this.#servers.get(server)?.trim();
        return;
      case KIND.build:
        void this.#build(payloadOf(frame));
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
    // Compiling can take long too.
    this.#notice.clear();
    try {
      const open = abi.load(parts.bytes);
      this.#servers.set(
        server,
        new LoadedServer(
          {
            turns: this.#turns,
            open,
            room: this.#room,
            send: (call, outcome) => this.#sendResult(server, call, outcome),
            requestFile: (call, request, settle) => this.#files.ask({ call, server, request }, settle),
            log: (call, bytes) => this.#log(server, call, bytes),
            onTurn: (call, fuel) => this.#notice.begins(server, call, fuel),
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
    this.#files.end(call);
    const [said, body] = bodyOf(outcome);
    const head = encodeResultHead({ outcome: said, fuel: outcome.fuel, memoryBytes: outcome.memoryBytes });
    this.#connection.sendText({ kind: KIND.result, id: call, server }, head, body);
  }

  #log(server: number, call: number, bytes: Uint8Array): void {
    this.#connection.send(KIND.log, call, server, Buffer.from(bytes));
  }
}

/** The commonest answer, one text, goes as it is; other answers as JSON. */
function bodyOf(outcome: CallOutcome): readonly [Outcome, string] {
  if (outcome.type === "ended") return [outcome.outcome, outcome.detail];
  const { answer } = outcome;
  if (answer.type === "tool-error") return ["tool-error", answer.text];
  const { content, structured } = answer;
  const [first] = content;
  if (first?.type === "text" && content.length === 1 && structured === undefined) return ["text", first.text];
  return ["content", JSON.stringify({ content, structured })];
}
