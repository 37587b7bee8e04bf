import { encodeWithBytes, jsonShape } from "../../../wire/index.ts";
import type { GuestHost } from "../abi.ts";
import { ExtismMemory } from "./extism-memory.ts";
import { askHost, type HostReply } from "../host-calls.ts";
import { isFields } from "../mcp.ts";
import { replyHead } from "../host-reply.ts";

/** The functions that Extism's plug-in kits import: memory, input and output, configuration, variables, HTTP, logging. */
export const EXTISM_MODULE = "extism:host/env";

/** Fuel of a call into the host; bytes are moved one to eight a call, so those are cheap. */
const CALL_FUEL = 100;
const MOVE_FUEL = 10;
const COPY_SHIFT = 4;
const VARIABLE_BYTES_MAX = 1024 * 1024;
const VARIABLES_MAX = 1_024;
/** Bytes of one HTTP request, its description and its body, so that a plug-in cannot make the server hold more. */
const REQUEST_BYTES_MAX = 16 * 1024 * 1024;
/** Of a URL, in what a refused request is answered with. */
const URL_QUOTE_CHARS = 200;
const LEVELS = ["trace", "debug", "info", "warn", "error"] as const;
/** Extism's number of the level "info". */
const LEVEL_INFO = 2;
const OUTSIDE = "it gave the host an offset outside of the plug-in memory";

type Response = { readonly status: number; readonly headers: Readonly<Record<string, string>> };

export class ExtismHost {
  readonly #host: GuestHost;
  readonly #memory: ExtismMemory;
  /** Kept from call to call, as long as the instance lives. */
  readonly #variables = new Map<string, Buffer>();
  #variableBytes = 0;
  #input = { offset: 0, length: 0 };
  #output = { offset: 0, length: 0 };
  #error = 0;
  #response: Response = { status: 0, headers: {} };
  #refusal: string | undefined;

  constructor(host: GuestHost, bytesMax: number) {
    this.#host = host;
    this.#memory = new ExtismMemory(bytesMax);
  }

  /** Why the host has ended the plug-in's call; undefined when it has not. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  begin(input: Uint8Array): void {
    this.#input = { offset: this.#store(input), length: input.length };
  }

  /** What the plug-in set as its output, not a copy. */
  output(): Buffer {
    const { offset, length } = this.#output;
    const bytes = this.#memory.slice(offset, length);
    if (bytes === undefined) throw this.#host.end("bad-output", OUTSIDE);
    return bytes;
  }

  /** The error that the plug-in set; undefined if it set none. It is an answer, with the same size limit. */
  error(): Buffer | undefined {
    if (this.#error === 0) return undefined;
    if (this.#memory.lengthOf(this.#error) > this.#host.resultBytesMax) throw this.#tooLarge();
    return this.#memory.block(this.#error);
  }

  endCall(): void {
    this.#memory.clear();
    this.#input = this.#output = { offset: 0, length: 0 };
    this.#error = 0;
    this.#response = { status: 0, headers: {} };
    this.#refusal = undefined;
  }

  imports(): Record<string, unknown> {
    return { ...this.#memoryImports(), ...this.#inputImports(), ...this.#systemImports() };
  }

  #memoryImports(): Record<string, unknown> {
    const memory = this.#memory;
    const length = (offset: bigint): bigint => BigInt(memory.lengthOf(this.#move(offset)));
    return {
      alloc: (bytes: bigint) => {
        this.#host.charge(CALL_FUEL);
        if (bytes === 0n) return 0n;
        const offset = memory.allocate(number(bytes));
        if (offset === undefined) throw this.#full();
        this.#host.charge(number(bytes) >>> COPY_SHIFT);
        return BigInt(offset);
      },
      free: (offset: bigint) => memory.free(this.#move(offset)),
      length,
      length_unsafe: length,
      load_u8: (offset: bigint) => this.#inside(memory.byte(this.#move(offset))),
      load_u64: (offset: bigint) => this.#inside(memory.word(this.#move(offset))),
      store_u8: (offset: bigint, value: number) =>
        void this.#inside(memory.setByte(this.#move(offset), value & 0xff) || undefined),
      store_u64: (offset: bigint, value: bigint) =>
        void this.#inside(memory.setWord(this.#move(offset), BigInt.asUintN(64, value)) || undefined),
    };
  }

  #inputImports(): Record<string, unknown> {
    const memory = this.#memory;
    return {
      input_length: () => BigInt(this.#input.length),
      input_offset: () => BigInt(this.#input.offset),
      input_load_u8: (at: bigint) => {
        const index = this.#move(at);
        return index < this.#input.length ? this.#inside(memory.byte(this.#input.offset + index)) : 0;
      },
      input_load_u64: (at: bigint) => {
        const index = this.#move(at);
        return index + 8 <= this.#input.length ? this.#inside(memory.word(this.#input.offset + index)) : 0n;
      },
      output_set: (offset: bigint, length: bigint) => {
        this.#host.charge(CALL_FUEL);
        const output = { offset: number(offset), length: number(length) };
        if (output.length > this.#host.resultBytesMax) throw this.#tooLarge();
        if (memory.slice(output.offset, output.length) === undefined) throw this.#host.end("trap", OUTSIDE);
        this.#output = output;
      },
      error_set: (offset: bigint) => {
        this.#error = this.#move(offset);
      },
    };
  }

  #systemImports(): Record<string, unknown> {
    const logs = LEVELS.map((level) => [`log_${level}`, (offset: bigint) => this.#log(level, this.#take(offset))]);
    return {
      ...Object.fromEntries(logs),
      get_log_level: () => LEVEL_INFO,
      config_get: (key: bigint) => {
        const name = this.#take(key).toString("utf8");
        return BigInt(this.#store(this.#host.settings.environment.find(([known]) => known === name)?.[1] ?? ""));
      },
      var_get: (key: bigint) => BigInt(this.#store(this.#variables.get(this.#take(key).toString("utf8")) ?? "")),
      var_set: (key: bigint, value: bigint) => this.#setVariable(this.#take(key).toString("utf8"), value),
      http_request: new WebAssembly.Suspending((request: bigint, body: bigint) => this.#request(request, body)),
      http_status_code: () => this.#response.status,
      http_headers: () => BigInt(this.#store(JSON.stringify(this.#response.headers))),
    };
  }

  /** Takes the fuel of a small step; a number that is no offset is one that nothing is at. */
  #move(offset: bigint): number {
    this.#host.charge(MOVE_FUEL);
    return number(offset);
  }

  /** The block that the plug-in gives the host; the fuel for reading it is taken. */
  #take(offset: bigint): Buffer {
    this.#host.charge(CALL_FUEL);
    const block = this.#memory.block(number(offset));
    this.#host.charge(block.length >>> COPY_SHIFT);
    return block;
  }

  #store(content: string | Uint8Array): number {
    this.#host.charge(CALL_FUEL + (content.length >>> COPY_SHIFT));
    const offset = this.#memory.put(content);
    if (offset === undefined) throw this.#full();
    return offset;
  }

  #inside<Value>(value: Value | undefined): Value {
    if (value === undefined) throw this.#host.end("trap", OUTSIDE);
    return value;
  }

  #full(): Error {
    return this.#host.end("memory", "the memory that it shares with the host is full");
  }

  #tooLarge(): Error {
    return this.#host.end("bad-output", `its answer is larger than ${this.#host.resultBytesMax} bytes`);
  }

  #log(level: string, text: Uint8Array): void {
    this.#host.log(Buffer.concat([Buffer.from(`${level}: `), text, Buffer.from("\n")]));
  }

  /** Offset 0 removes a variable. */
  #setVariable(name: string, value: bigint): void {
    const before = this.#variables.get(name);
    this.#variableBytes -= before === undefined ? 0 : before.length + name.length;
    this.#variables.delete(name);
    if (value === 0n) return;
    const bytes = Buffer.from(this.#take(value));
    this.#variableBytes += bytes.length + name.length;
    if (this.#variableBytes > VARIABLE_BYTES_MAX || this.#variables.size >= VARIABLES_MAX) {
      this.#variableBytes -= bytes.length + name.length;
      throw this.#refuse(`its variables take more than ${VARIABLE_BYTES_MAX} bytes, or are more than ${VARIABLES_MAX}`);
    }
    this.#variables.set(name, bytes);
  }

  /** Offset of the response's body. A request that is refused ends the call with the reason, as Extism's own host does. */
  async #request(request: bigint, body: bigint): Promise<bigint> {
    const [description, content] = [this.#take(request), this.#take(body)];
    if (description.length + content.length > REQUEST_BYTES_MAX) {
      throw this.#host.end("trap", `it gave the host an HTTP request of more than ${REQUEST_BYTES_MAX} bytes`);
    }
    const asked = parsed(description);
    if (asked === undefined || typeof asked["url"] !== "string")
      throw this.#refuse("its HTTP request is no JSON object with a url");
    const { url, method } = asked;
    const head = {
      method: typeof method === "string" && method !== "" ? method.toUpperCase() : "GET",
      url,
      headers: headerPairs(asked["headers"] ?? asked["header"]),
    };
    const parts = Buffer.concat(encodeWithBytes(head, content));
    const reply = await this.#host.suspend<HostReply, HostReply>(
      (settle) => askHost(this.#host, "http.fetch", parts, settle),
      (given) => given,
    );
    const answer = replyHead(reply);
    if (answer.type === "refused")
      throw this.#refuse(`HTTP request to ${url.slice(0, URL_QUOTE_CHARS)}: ${answer.message}`);
    this.#response = { status: statusOf(answer.head), headers: headersOf(answer.head["headers"]) };
    return BigInt(this.#store(answer.bytes));
  }

  /** Ends the call without charging it to the plug-in; nothing of it continues. */
  #refuse(reason: string): Error {
    this.#refusal = reason;
    return this.#host.finish();
  }
}

/** Offsets and lengths come signed; those that are no safe number are at no place. */
const number = (value: bigint): number => Number(BigInt.asUintN(64, value));

/** Undefined when it is not the JSON of an object, or is nested too deeply or of too many values to be parsed. */
function parsed(bytes: Buffer): { readonly [key: string]: unknown } | undefined {
  if (jsonShape(bytes).type !== "fits") return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const headerPairs = (headers: unknown): readonly (readonly [string, string])[] =>
  isFields(headers) ? Object.entries(headers).map(([name, value]) => [name, String(value)]) : [];

const statusOf = ({ status }: { readonly [key: string]: unknown }): number => (typeof status === "number" ? status : 0);

function headersOf(pairs: unknown): Readonly<Record<string, string>> {
  const headers = new Map<string, string>();
  if (!Array.isArray(pairs)) return {};
  for (const pair of pairs) {
    if (!Array.isArray(pair)) continue;
    const name = String(pair[0]).toLowerCase();
    const before = headers.get(name);
    headers.set(name, before === undefined ? String(pair[1]) : `${before}, ${String(pair[1])}`);
  }
  return Object.fromEntries(headers);
}
