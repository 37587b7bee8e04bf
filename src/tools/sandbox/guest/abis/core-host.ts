import { getRandomValues } from "node:crypto";
import { type GuestMemory, System } from "../../wasi/index.ts";
import { encodeWithBytes } from "../../wire/index.ts";
import type { GuestHost } from "./abi.ts";
import { askHost, CAXTON_MODULE, type HostReply } from "./host-calls.ts";
import { type ReadReply, replyHead } from "./host-reply.ts";

/** The functions that a module of the core interface may import, under either name; docs/tools/abi.md lists them. */
export const CORE_MODULES: readonly string[] = [CAXTON_MODULE, "env"];

/** Functions of older hosts that nothing here gives: they would lead out of the sandbox, or belong to agents. */
export const CORE_REFUSED: ReadonlySet<string> = new Set([
  "file_system_access",
  "network_raw_socket",
  "process_spawn",
  "memory_direct_access",
  "receive_message",
  "subscribe_messages",
  "send_local_message",
  "broadcast_message",
  "set_timer",
  "cancel_timer",
]);

/** Names that have a meaning here. */
export const CORE_IMPORTS: ReadonlySet<string> = new Set([
  "log",
  "console_log",
  "console_error",
  "get_time",
  "current_timestamp",
  "random_u32",
  "sleep_micros",
  "store_data",
  "load_data",
  "delete_data",
  "send_message",
  "abort",
  "seed",
  "trace",
]);

const CALL_FUEL = 100;
const COPY_SHIFT = 4;
const LEVELS = ["trace", "debug", "info", "warn", "error"] as const;
const REALTIME = 0;
const MICROSECONDS = 1_000n;
const SLEEP_MS_MAX = 2 ** 31 - 1;
const DATA_BYTES_MAX = 1024 * 1024;
const ABSENT = -1;
const FAILED = -2;
const NOTHING = new Uint8Array(0);
const OUTSIDE = "it gave the host a pointer outside of its memory";

type Span = readonly [at: number, length: number];

export class CoreHost {
  readonly #host: GuestHost;
  readonly #memory: GuestMemory;
  readonly #system: System;

  constructor(host: GuestHost, memory: GuestMemory) {
    this.#host = host;
    this.#memory = memory;
    this.#system = new System(memory, host, host.settings);
  }

  imports(): Record<string, unknown> {
    return {
      // With a level in front, or without.
      log: (...given: readonly number[]) => {
        const [level, at, length] = given.length > 2 ? given : [undefined, ...given];
        this.#log(LEVELS[level ?? 2] ?? "info", [at ?? 0, length ?? 0]);
      },
      console_log: (at: number, length: number) => this.#log("info", [at, length]),
      console_error: (at: number, length: number) => this.#log("error", [at, length]),
      get_time: () => BigInt(this.#now()),
      current_timestamp: () => BigInt(this.#now()) * MICROSECONDS,
      random_u32: () => this.#random(),
      seed: () => this.#random(),
      sleep_micros: new WebAssembly.Suspending((micros: bigint) => this.#sleep(micros)),
      store_data: new WebAssembly.Suspending((...[key, keyLength, at, length]: [number, number, number, number]) =>
        this.#state("state.set", [key, keyLength], this.#bytes([at, length])).then(({ type }) =>
          type === "granted" ? 0 : FAILED,
        ),
      ),
      load_data: new WebAssembly.Suspending((...[key, keyLength, at, room]: [number, number, number, number]) =>
        this.#load([key, keyLength], [at, room]),
      ),
      delete_data: new WebAssembly.Suspending((key: number, keyLength: number) =>
        this.#state("state.delete", [key, keyLength], NOTHING).then((reply) =>
          reply.type === "refused" ? FAILED : reply.head["deleted"] === true ? 0 : ABSENT,
        ),
      ),
      send_message: new WebAssembly.Suspending((at: number, length: number) => this.#send([at, length])),
      abort: (message: number, file: number, line: number, column: number) => {
        this.#enter();
        const place = `${this.#managedText(file)}:${line}:${column}`;
        throw this.#host.end("trap", `it gave up: ${this.#managedText(message) || "no reason"} (${place})`);
      },
      trace: (message: number, count: number, ...values: readonly number[]) => {
        this.#enter();
        const numbers = values.slice(0, Math.max(0, count)).map((value) => ` ${value}`);
        this.#host.log(Buffer.from(`${this.#managedText(message)}${numbers.join("")}\n`));
      },
    };
  }

  #enter(): void {
    this.#host.charge(CALL_FUEL);
    this.#memory.enter();
  }

  /** A copy of what the guest points at. */
  #bytes([at, length]: Span): Buffer {
    this.#enter();
    const bytes = length >>> 0 > DATA_BYTES_MAX ? undefined : this.#memory.slice(at >>> 0, length >>> 0);
    if (bytes === undefined) throw this.#host.end("trap", OUTSIDE);
    this.#host.charge(bytes.length >>> COPY_SHIFT);
    return Buffer.from(bytes);
  }

  /** A string of AssemblyScript: UTF-16 behind its length in bytes. Empty if there is none. */
  #managedText(at: number): string {
    const place = at >>> 0;
    if (place < 4 || !this.#memory.holds(place - 4, 4)) return "";
    const length = Math.min(this.#memory.view.getUint32(place - 4, true), 1_024) & ~1;
    const bytes = this.#memory.slice(place, length);
    return bytes === undefined ? "" : Buffer.from(bytes).toString("utf16le");
  }

  #log(level: string, text: Span): void {
    const bytes = this.#bytes(text);
    this.#host.log(Buffer.concat([Buffer.from(`${level}: `), bytes, Buffer.from("\n")]));
  }

  /** Milliseconds since 1970, or the frozen time. */
  #now(): number {
    this.#enter();
    return this.#system.nowMs(REALTIME);
  }

  #random(): number {
    this.#enter();
    if (this.#host.settings.random) return getRandomValues(new Uint32Array(1))[0] ?? 0;
    // The same sequence in each instance: xorshift.
    this.#seed ^= this.#seed << 13;
    this.#seed ^= this.#seed >>> 17;
    this.#seed ^= this.#seed << 5;
    return this.#seed >>> 0;
  }
  #seed = 0x2545_f491;

  #sleep(micros: bigint): Promise<void> {
    this.#enter();
    const ms = Number(BigInt.asUintN(64, micros) / MICROSECONDS);
    return this.#host.suspend<void, void>(
      (settle) => {
        const timer = setTimeout(settle, Math.min(ms, SLEEP_MS_MAX));
        return () => clearTimeout(timer);
      },
      () => {},
    );
  }

  /** 0 when it is on its way, -2 when it was refused; why is in the server's log. */
  async #send(message: Span): Promise<number> {
    const head = this.#bytes(message);
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32LE(head.length);
    const reply = await this.#asked("messages.send", Buffer.concat([length, head]));
    if (reply.type === "granted") return 0;
    this.#host.log(Buffer.from(`warn: the message was not sent: ${reply.message} [${reply.code}]\n`));
    return FAILED;
  }

  async #asked(name: string, body: Buffer): Promise<ReadReply> {
    const reply = await this.#host.suspend<HostReply, HostReply>(
      (settle) => askHost(this.#host, name, body, settle),
      (given) => given,
    );
    return replyHead(reply);
  }

  async #state(name: string, key: Span, value: Uint8Array): Promise<ReadReply> {
    const head = { key: this.#bytes(key).toString("utf8") };
    return this.#asked(name, Buffer.concat(encodeWithBytes(head, value)));
  }

  /** Bytes of the value, as many of them written as there is room for. */
  async #load(key: Span, [at, room]: Span): Promise<number> {
    const reply = await this.#state("state.get", key, NOTHING);
    if (reply.type === "refused") return FAILED;
    if (reply.head["found"] !== true) return ABSENT;
    this.#memory.enter();
    const target = this.#memory.slice(at >>> 0, Math.min(room >>> 0, reply.bytes.length));
    if (target === undefined) throw this.#host.end("trap", OUTSIDE);
    target.set(reply.bytes.subarray(0, target.length));
    this.#host.charge(target.length >>> COPY_SHIFT);
    return reply.bytes.length;
  }
}
