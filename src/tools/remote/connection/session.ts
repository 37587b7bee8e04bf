import {
  type CallToolResult,
  Client,
  type InputRequiredResult,
  isInputRequiredResult,
  isJSONRPCRequest,
  type jsonSchemaValidator,
  type McpSubscription,
  ProtocolError,
  ProtocolErrorCode,
  type RequestOptions,
  SdkError,
  SdkErrorCode,
  StreamableHTTPClientTransport,
  type Tool as WireTool,
  type Transport,
} from "@modelcontextprotocol/client";
import type { JsonObject } from "../../../kernel/json.ts";
import type { ToolProgress } from "../../catalogue/index.ts";
import type { Clock } from "../../../kernel/clock.ts";
import { cleanLine } from "../../../kernel/clean.ts";
import { requestBucket, tooManyRequests } from "./flood.ts";
import { McpMessageRefusedError } from "../errors.ts";
import { type ElicitAnswer, elicit, type Question, readQuestion } from "../elicitation.ts";
import { callProtocolTool, isProtocolTool, protocolTools } from "../protocol-tools.ts";
import { type ByteBudget, type Elicitor, currentScope, RequestScope } from "../request-scope.ts";

export type SessionHooks = {
  readonly onToolsChanged: () => void;
  /** Called when the connection may be lost; the callee checks it. */
  readonly onProblem: (why: string) => void;
  readonly onEnd: (why: string) => void;
  readonly remark: (text: string) => void;
};

export type SessionOptions = {
  readonly version: string;
  /** Known not to answer questions about newer revisions of the protocol; it is not asked. */
  readonly isLegacy: boolean;
  readonly clock: Clock;
  /** Bytes that a list may have, all its pages together. */
  readonly listBytesMax: number;
  readonly connectMs: number;
  readonly probeMs: number;
};

/** What a call adds to the tool and its arguments. */
export type SessionCall = {
  readonly arguments: JsonObject;
  /** What the server wants to have back in a further round of a call. */
  readonly again: { readonly inputResponses: JsonObject; readonly requestState: string | undefined } | undefined;
  readonly owner: string;
  readonly ask: Elicitor | undefined;
  readonly onProgress: (progress: ToolProgress) => void;
};

/** Longer than any call: calls have deadlines of their own, which know when a person is asked. */
const NEVER_MS = 2 ** 31 - 1;
const LIST_MS = 30_000;
/** All pages of a list together. */
const LIST_MAX_MS = 60_000;
const PING_MS = 10_000;
const PROGRESS_CHARS_MAX = 500;

/** Stands in for the library's own checker, which generates code from a stranger's schema. The catalogue checks results; this is never asked. */
const NO_CHECK: jsonSchemaValidator = {
  getValidator: () => () => ({ valid: false, data: undefined, errorMessage: "results are checked elsewhere" }),
};

/** One connection to a remote server, from its handshake to its end. */
export class McpSession {
  readonly #client: Client;
  readonly #hooks: SessionHooks;
  readonly #listBytesMax: number;
  readonly #clock: Clock;
  readonly #calls = new Map<RequestScope, string>();

  private constructor(client: Client, hooks: SessionHooks, { listBytesMax, clock }: SessionOptions) {
    this.#client = client;
    this.#hooks = hooks;
    this.#listBytesMax = listBytesMax;
    this.#clock = clock;
  }

  /** Speaks with the server until both know which revision they use. Throws what the transport or the library throws. */
  static async open(
    transport: Transport,
    hooks: SessionHooks,
    options: SessionOptions,
    signal: AbortSignal,
  ): Promise<McpSession> {
    const client = new Client(
      { name: "caxton", title: "Caxton", version: options.version },
      {
        capabilities: { elicitation: { form: {}, url: {} } },
        jsonSchemaValidator: NO_CHECK,
        versionNegotiation: { mode: "auto", probe: { timeoutMs: options.probeMs } },
        listChanged: { tools: { autoRefresh: false, debounceMs: 100, onChanged: () => hooks.onToolsChanged() } },
      },
    );
    const session = new McpSession(client, hooks, options);
    session.#answerQuestions();
    session.#limitRequests(transport);
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the library's own hook; it has no listeners
    client.onclose = () => hooks.onEnd("the connection was closed");
    const limits = { timeout: options.connectMs, signal };
    try {
      await client.connect(transport, options.isLegacy ? { ...limits, prior: { kind: "legacy" } } : limits);
    } catch (error) {
      await session.close(false);
      throw error;
    }
    if (client.autoOpenedSubscription) void emitEnd(client.autoOpenedSubscription, hooks);
    return session;
  }

  get info(): { readonly version: string; readonly title: string; readonly revision: string } {
    const { version, title, name } = this.#client.getServerVersion() ?? { version: "", title: undefined, name: "" };
    return { version, title: title ?? name, revision: this.#client.getNegotiatedProtocolVersion() ?? "" };
  }

  get sendsListChanges(): boolean {
    return this.#client.getServerCapabilities()?.tools?.listChanged === true;
  }

  async listTools(signal: AbortSignal): Promise<readonly WireTool[]> {
    const added = protocolTools(this.#client.getServerCapabilities());
    // The library says so on the console otherwise.
    if (this.#client.getServerCapabilities()?.tools === undefined) return added;
    const scope = new RequestScope(undefined, this.#listBudget("tools"));
    // Without the scope's own signal, the library would read the other pages of a refused list.
    const limits = { timeout: LIST_MS, signal: AbortSignal.any([signal, scope.over]) };
    const over = new AbortController();
    void this.#clock.sleep(LIST_MAX_MS, over.signal).then(
      () => scope.lose(listTooSlow()),
      () => undefined,
    );
    try {
      const { tools } = await scope.run(() => this.#client.listTools(undefined, limits));
      return [...tools, ...added];
    } finally {
      over.abort("the list is read");
    }
  }

  #listBudget(what: string): ByteBudget {
    const bytesMax = this.#listBytesMax;
    return { bytesMax, refusal: () => listTooLarge(what, bytesMax) };
  }

  /** Whether the server is still there. Rejects when it is not. */
  async ping(signal: AbortSignal): Promise<void> {
    const limits = { timeout: PING_MS, signal };
    if (this.#client.getProtocolEra() === "modern") await this.#client.discover(limits);
    else await this.#client.ping(limits);
  }

  /** One round of a call. Throws what the transport or the library throws. */
  async call(
    wire: WireTool,
    call: SessionCall,
    signal: AbortSignal,
  ): Promise<
    | { readonly type: "result"; readonly result: CallToolResult }
    | { readonly type: "input"; readonly input: InputRequiredResult }
  > {
    const { outputSchema: _checkedByTheCatalogue, ...toolDefinition } = wire;
    if (this.#client.transport === undefined) throw new SdkError(SdkErrorCode.NotConnected, "not connected");
    const isAdded = isProtocolTool(wire);
    const scope = new RequestScope(call.ask, isAdded ? this.#listBudget("resources or prompts") : undefined);
    this.#calls.set(scope, call.owner);
    const options: RequestOptions = {
      signal: isAdded ? AbortSignal.any([signal, scope.over]) : signal,
      timeout: NEVER_MS,
      onprogress: ({ progress, total, message }) =>
        call.onProgress({ done: progress, total, message: cleanLine(message ?? "", PROGRESS_CHARS_MAX) }),
    };
    try {
      if (isAdded) {
        const result = await scope.run(() => callProtocolTool(this.#client, wire, call.arguments, options));
        return { type: "result", result };
      }
      const result = await scope.run(() =>
        this.#client.callTool(
          { name: wire.name, arguments: { ...call.arguments }, ...call.again },
          { ...options, toolDefinition, allowInputRequired: true },
        ),
      );
      return isInputRequiredResult(result) ? { type: "input", input: result } : { type: "result", result };
    } finally {
      this.#calls.delete(scope);
    }
  }

  /** The question in an input request that came inside a result; undefined if it is declined. Throws for what is no question. */
  questionIn(request: unknown): Question | undefined {
    const { method, params } = inputOf(request);
    if (method === "elicitation/create") return readQuestion(params, this.#hooks.remark);
    throw refusedRequest(method);
  }

  /** Asks a user for what a server wants before it does anything. Rejects when the call ends first. */
  async elicit(params: unknown, ask: Elicitor | undefined): Promise<ElicitAnswer> {
    return elicit(params, ask, this.#hooks.remark);
  }

  /** Closes the connection, with a notice to a server that is still reachable. Never rejects. */
  async close(isPolite: boolean): Promise<void> {
    const { transport } = this.#client;
    try {
      if (isPolite && transport instanceof StreamableHTTPClientTransport) await inTime(transport.terminateSession());
      await this.#client.close();
    } catch {
      // What cannot be closed is gone already.
    }
  }

  /** Loses the calls of a server that asks without a pause, and ends the connection. */
  #limitRequests(transport: Transport): void {
    const bucket = requestBucket(this.#clock);
    // The library calls this before it handles a message; what this throws keeps the message from being handled.
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the library's own hook; it has no listeners
    transport.onmessage = (message) => {
      if (!("method" in message)) currentScope()?.answer();
      if (!isJSONRPCRequest(message) || bucket.take()) return;
      const refusal = tooManyRequests();
      for (const scope of this.#calls.keys()) scope.lose(refusal);
      this.#hooks.onEnd(refusal.message);
      throw refusal;
    };
  }

  #answerQuestions(): void {
    this.#client.setRequestHandler("elicitation/create", ({ params }) =>
      elicit(params, this.#elicitor(), this.#hooks.remark),
    );
    this.#client.fallbackRequestHandler = ({ method }) => Promise.reject(refusedRequest(method));
  }

  /** For whom the server asks: the call whose stream brought the question, or the only one there is. A wrong person is never asked. */
  #elicitor(): Elicitor | undefined {
    const scope = currentScope();
    if (scope !== undefined) return scope.ask;
    if (new Set(this.#calls.values()).size === 1) return [...this.#calls.keys()].at(-1)?.ask;
    if (this.#calls.size > 1)
      this.#hooks.remark(
        "several runs use the server, and it does not say which one its question belongs to; limits.concurrent_calls = 1 makes that clear",
      );
    return undefined;
  }
}

async function emitEnd({ closed }: McpSubscription, { onProblem }: SessionHooks): Promise<void> {
  if ((await closed) !== "local") onProblem("the server ended the stream of changes");
}

const listTooLarge = (what: string, bytesMax: number): McpMessageRefusedError =>
  new McpMessageRefusedError(
    `the server's list of ${what} has more than ${bytesMax} bytes`,
    "Report it to the operator of the server, or raise limits.result_bytes of the server.",
    { limit: bytesMax },
  );

const listTooSlow = (): McpMessageRefusedError =>
  new McpMessageRefusedError(
    `the pages of the server's list of tools have not ended after ${LIST_MAX_MS / 1_000} s`,
    "Report it to the operator of the server.",
    { limit: LIST_MAX_MS },
  );

const GOODBYE_MS = 500;

async function inTime(work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, GOODBYE_MS);
  await Promise.race([work.catch(() => undefined), late.promise]);
  clearTimeout(timer);
}

function inputOf(request: unknown): { readonly method: string; readonly params: unknown } {
  if (typeof request !== "object" || request === null || !("method" in request)) return { method: "", params: {} };
  return { method: String(request.method), params: "params" in request ? request.params : {} };
}

const REFUSALS: { readonly [method: string]: string } = {
  "sampling/createMessage": "Caxton runs no model on behalf of a tool server",
  "roots/list": "Caxton shows none of its directories to a tool server",
};

const refusedRequest = (method: string): ProtocolError =>
  new ProtocolError(
    ProtocolErrorCode.MethodNotFound,
    `${cleanLine(method, 100)} is declined: ${REFUSALS[method] ?? "it is not known here"}`,
  );
