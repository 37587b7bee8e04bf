import { Stdio } from "../../wasi/index.ts";
import type { GuestTool } from "../../wire/index.ts";
import type { GuestAnswer, GuestHost } from "./abi.ts";
import { readJson, shaped } from "./answer.ts";
import { isFields, MCP_VERSION, readCallResult, readToolPage } from "./mcp.ts";

/** Answers to other requests than calls may have this size, whatever the limit for results. */
const ANSWER_BYTES_MAX = 256 * 1024;
const PAGES_MAX = 32;
/** Messages that are no answer, in one call. */
const STRAYS_MAX = 1_000;
const METHOD_NOT_FOUND = -32_601;
const END_OF_CALL = Buffer.from("}}\n");

type Message = { readonly [key: string]: unknown; readonly error?: unknown; readonly result?: unknown };
type Awaited = { readonly id: number; readonly settle: (message: Message) => void; message: Message | undefined };

/**
 * MCP over a guest's standard streams, one JSON-RPC message a line, with a program that is started once and serves calls
 * until it is ended.
 *
 * A call is over when the guest waits for input again (or exits), having answered. A guest that waits without having
 * answered can never answer, so it is ended at once.
 */
export class McpDialog {
  readonly stdio: Stdio;
  readonly #host: GuestHost;
  readonly #tools = new Map<string, string>();
  #awaited: Awaited | undefined;
  #nextId = 1;
  #strays = 0;
  #isCalling = false;

  constructor(host: GuestHost) {
    this.#host = host;
    this.stdio = new Stdio(
      {
        onLine: (bytes, start, end) => this.#take(bytes, start, end),
        onLineTooLong: () => {
          throw this.#tooLarge();
        },
        onError: (bytes) => host.log(bytes),
        onWaiting: (hasTimer) => this.#wait(hasTimer),
      },
      Math.max(host.resultBytesMax, ANSWER_BYTES_MAX),
    );
  }

  /** Greets a program that has been started. */
  async initialize(): Promise<void> {
    await this.#request("initialize", {
      protocolVersion: MCP_VERSION,
      capabilities: {},
      clientInfo: { name: "caxton", version: "1" },
    });
    this.stdio.push(line({ jsonrpc: "2.0", method: "notifications/initialized" }));
  }

  async listTools(toolsMax: number): Promise<readonly GuestTool[]> {
    const tools: GuestTool[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const result = await this.#request("tools/list", cursor === undefined ? {} : { cursor });
      const read = shaped(this.#host, () => readToolPage(result));
      tools.push(...read.tools);
      if (tools.length > toolsMax) throw this.#host.end("bad-output", `it lists more than ${toolsMax} tools`);
      if (read.nextCursor === undefined) return tools;
      cursor = read.nextCursor;
    }
    throw this.#host.end("bad-output", `tools/list has more than ${PAGES_MAX} pages`);
  }

  call(tool: string, argumentsText: Uint8Array): Promise<GuestAnswer> {
    this.#isCalling = true;
    const id = this.#nextId++;
    const head = `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${this.#parameters(tool)}`;
    // The head is ASCII: names of tools are.
    const bytes = Buffer.allocUnsafe(head.length + argumentsText.length + END_OF_CALL.length);
    bytes.write(head, 0, "latin1");
    bytes.set(argumentsText, head.length);
    bytes.set(END_OF_CALL, head.length + argumentsText.length);
    return this.#exchange(id, bytes, ({ error, result }) =>
      error === undefined
        ? shaped(this.#host, () => readCallResult(result))
        : { type: "tool-error", text: errorText(error) },
    );
  }

  /** The same for each call of a tool, up to the arguments. */
  #parameters(tool: string): string {
    let known = this.#tools.get(tool);
    if (known === undefined) {
      known = `{"name":${JSON.stringify(tool)},"arguments":`;
      this.#tools.set(tool, known);
    }
    return known;
  }

  endCall(): void {
    this.#isCalling = false;
    this.#awaited = undefined;
    this.#strays = 0;
  }

  #request(method: string, params: object): Promise<unknown> {
    const id = this.#nextId++;
    return this.#exchange(id, line({ jsonrpc: "2.0", id, method, params }), ({ error, result }) => {
      if (error === undefined) return result;
      throw this.#host.end("bad-output", `it refused ${method}: ${errorText(error)}`);
    });
  }

  /** Sends a request; what `read` makes of the answer is the result. */
  #exchange<Value>(id: number, bytes: Buffer, read: (message: Message) => Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      const settle = (message: Message): void => {
        try {
          resolve(read(message));
        } catch (error) {
          reject(error);
        }
      };
      this.#awaited = { id, settle, message: undefined };
      this.stdio.push(bytes);
    });
  }

  /** The guest waits for input: what it was asked is answered, or never will be. */
  #wait(hasTimer: boolean): boolean {
    const awaited = this.#awaited;
    if (awaited === undefined) return false;
    if (awaited.message !== undefined) {
      this.#awaited = undefined;
      awaited.settle(awaited.message);
      return false;
    }
    if (hasTimer) return true;
    this.#host.end("bad-output", "it waits for another request without having answered this one");
    return false;
  }

  /** Says that the guest has ended itself: after an answer that is its right, and the next call gets another instance. From inside an import, throw what this returns. */
  ended(detail: string): Error {
    const awaited = this.#awaited;
    if (awaited?.message === undefined) return this.#host.end("trap", detail);
    this.#awaited = undefined;
    awaited.settle(awaited.message);
    return this.#host.finish();
  }

  #tooLarge(): Error {
    return this.#host.end("bad-output", `its answer is larger than ${this.#host.resultBytesMax} bytes`);
  }

  #take(bytes: Buffer, start: number, end: number): void {
    if (this.#isCalling && end - start > this.#host.resultBytesMax) throw this.#tooLarge();
    const message = this.#parse(bytes.subarray(start, end));
    if (message === undefined) return;
    const { id, method } = message;
    if (typeof method === "string") return this.#stray(id, method, message["params"]);
    const awaited = this.#awaited;
    if (awaited === undefined || awaited.message !== undefined || id !== awaited.id) {
      throw this.#host.end(
        "bad-output",
        `it answered a request that was not made (id ${JSON.stringify(id)?.slice(0, 40)})`,
      );
    }
    awaited.message = message;
  }

  /** A message that is no answer: a log line is kept, a request is declined, the rest passes. */
  #stray(id: unknown, method: string, params: unknown): void {
    this.#strays += 1;
    if (this.#strays > STRAYS_MAX)
      throw this.#host.end("bad-output", `it sent more than ${STRAYS_MAX} messages in one call`);
    if (id !== undefined && id !== null) {
      const answer =
        method === "ping" ? { result: {} } : { error: { code: METHOD_NOT_FOUND, message: "not supported" } };
      this.stdio.push(line({ jsonrpc: "2.0", id, ...answer }));
    } else if (method === "notifications/message" && isFields(params)) {
      this.#host.log(
        Buffer.from(`${typeof params["data"] === "string" ? params["data"] : JSON.stringify(params["data"])}\n`),
      );
    }
  }

  #parse(bytes: Buffer): Message | undefined {
    const message = readJson(this.#host, bytes, "a line");
    if (message === undefined || isFields(message)) return message;
    throw this.#host.end("bad-output", "it wrote a line that is not a JSON-RPC message");
  }
}

const line = (message: object): Buffer => Buffer.from(`${JSON.stringify(message)}\n`);

function errorText(error: unknown): string {
  if (!isFields(error)) return "an error without a description";
  const { message, code } = error;
  const words = typeof message === "string" ? message : "an error without a description";
  return typeof code === "number" ? `${words} (code ${code})` : words;
}
