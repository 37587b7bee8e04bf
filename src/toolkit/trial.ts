import { ToolRecall } from "../agent-memory/index.ts";
import { FileBroker } from "../backends/disk/index.ts";
import { HttpBroker } from "../backends/network/index.ts";
import { ToolMail } from "../correspondence/index.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { mint, ToolCallId } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { type Broker, type LogLine, Sandbox, type StateAccess } from "../sandbox/index.ts";
import { failedCall, ToolCatalogue, type ToolManifest, type ToolResult, type ToolServer } from "../tools/index.ts";

export type TrialOptions = {
  readonly manifest: ToolManifest;
  readonly module: Uint8Array;
  /** What relative paths of files are relative to. */
  readonly directory: string;
  /** What granted variables and secrets have for values. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Where what was made ready of a module is kept for the next trial of the same one; default: nowhere. */
  readonly cacheDirectory?: string | undefined;
  readonly signal: AbortSignal;
};

/** One tool server in a sandbox of its own, which lasts as long as this. State is kept in memory; grants hold as they would in a server. */
export class Trial implements AsyncDisposable {
  readonly server: ToolServer;
  readonly #sandbox: Sandbox;
  readonly #catalogue: ToolCatalogue;
  readonly #signal: AbortSignal;

  /** Throws ToolServerRefusedError, ToolServerBuildError, CancelledError. */
  static async open(options: TrialOptions): Promise<Trial> {
    const { manifest, module, directory, variables = {}, cacheDirectory, signal } = options;
    const broker = brokerFor(directory, variables, systemClock);
    const sandbox = new Sandbox({ broker, clock: systemClock }, { processes: 1, standby: false, cacheDirectory });
    try {
      return new Trial(sandbox, await sandbox.deploy({ manifest, module }, signal), signal);
    } catch (error) {
      await sandbox[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(sandbox: Sandbox, server: ToolServer, signal: AbortSignal) {
    this.#sandbox = sandbox;
    this.#catalogue = new ToolCatalogue(sandbox);
    this.server = server;
    this.#signal = signal;
  }

  /** Calls of one session share an instance; arguments and results are checked as in a server. */
  call(tool: string, given: JsonObject, session: string): Promise<ToolResult> {
    const known = this.server.tools.find(({ name }) => name === tool);
    if (known === undefined) {
      const names = this.server.tools.map(({ name }) => name).join(", ");
      return Promise.resolve(failedCall("unknown-tool", `${this.server.name} has no tool "${tool}"; it has ${names}`));
    }
    const context = { session, workspace: "default", agent: undefined, files: [] };
    const call = { id: mint(ToolCallId), server: this.server.name, tool, arguments: given, context };
    return this.#catalogue.call(known, call, this.#signal);
  }

  /** What the server has written to its log. */
  log(): readonly LogLine[] {
    return this.#sandbox.logs(this.server.name);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#sandbox[Symbol.asyncDispose]();
  }
}

const CONTENT_BYTES_MAX = 1024 * 1024;

function brokerFor(directory: string, variables: Readonly<Record<string, string>>, clock: Clock): Broker {
  const known = (names: readonly string[]): { name: string; value: string }[] =>
    names.flatMap((name) => (variables[name] === undefined ? [] : [{ name, value: variables[name] }]));
  return {
    files: new FileBroker({ root: directory }),
    http: new HttpBroker({
      clock,
      audit: () => {},
      secrets: (_server, { secrets }) =>
        secrets
          .filter(({ as }) => as === "placeholder")
          .map((grant) => ({
            grant,
            placeholder: `secret:${grant.name}`,
            value: variables[grant.name],
            hint: `Set ${grant.name} under [variables] in tests.toml.`,
          })),
    }),
    state: new MemoryState(clock),
    messages: nowhere(clock),
    memory: empty(clock),
    environment: (_server, { environment, secrets }) => [
      ...known(environment),
      ...secrets.flatMap(({ name, as }) => (as === "value" ? known([name]) : [{ name, value: `secret:${name}` }])),
    ],
    confidential: ({ secrets }) => known(secrets.map(({ name }) => name)),
  };
}

/** Messages are judged by the grants as in a server, and go nowhere. */
const nowhere = (clock: Clock): ToolMail =>
  new ToolMail({
    clock,
    audit: () => {},
    redact: (_server, message) => message,
    contentBytesMax: CONTENT_BYTES_MAX,
    journal: { summary: () => undefined },
    post: {
      submit: ({ id, conversationId, address, durability }) => {
        const recipients = address.type === "receivers" ? address.names : [];
        return Promise.resolve({
          type: "accepted",
          id,
          conversationId,
          recipients,
          durability,
          seq: 0,
          duplicate: false,
        });
      },
    },
  });

/** Searches are judged by the grants as in a server, and find nothing. */
const empty = (clock: Clock): ToolRecall =>
  new ToolRecall({
    memory: { search: () => Promise.resolve({ hits: [], next: undefined, notices: [], tokens: 0 }) },
    clock,
    audit: () => {},
    redact: (_server, query) => query,
  });

/** State of one trial. */
class MemoryState implements StateAccess {
  readonly #entries = new Map<string, { readonly value: Uint8Array; readonly updatedAtMs: number }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  async get(_caller: unknown, key: string): Promise<Uint8Array | undefined> {
    return this.#entries.get(key)?.value;
  }
  async set(_caller: unknown, key: string, value: Uint8Array): Promise<undefined> {
    this.#entries.set(key, { value: value.slice(), updatedAtMs: this.#clock.nowMs() });
    return undefined;
  }
  async delete(_caller: unknown, key: string): Promise<boolean> {
    return this.#entries.delete(key);
  }
  async list(_caller: unknown, page: Parameters<StateAccess["list"]>[1]): ReturnType<StateAccess["list"]> {
    const { prefix, limit, cursor = "" } = page;
    const names = [...this.#entries.keys()].filter((key) => key.startsWith(prefix) && key > cursor).toSorted();
    const keys = names.slice(0, limit).map((key) => {
      const { value, updatedAtMs } = this.#entries.get(key) ?? { value: new Uint8Array(), updatedAtMs: 0 };
      return { key, bytes: value.length, updatedAtMs };
    });
    return { keys, next: names.length > limit ? keys.at(-1)?.key : undefined };
  }
}
