import { ToolRecall } from "../brokers/memory/index.ts";
import { FileBroker } from "../brokers/files/index.ts";
import { HttpBroker } from "../brokers/http/index.ts";
import { ToolMessageBroker } from "../brokers/messages/index.ts";
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { mint, ToolCallId } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { type Broker, type LogLine, Sandbox, type StateAccess } from "../sandbox/index.ts";
import { failedCall, ToolCatalogue, type ToolManifest, type ToolResult, type ToolServer } from "../catalogue/index.ts";
import { openTrialMemory, type Remembered, TRIAL_CONTEXT, type TrialMemory } from "./in-memory-store.ts";

export type TrialOptions = {
  readonly manifest: ToolManifest;
  readonly module: Uint8Array;
  /** What relative paths of files are relative to. */
  readonly directory: string;
  /** What granted variables and secrets have for values. */
  readonly variables?: Readonly<Record<string, string>>;
  /** What is remembered; default: nothing. */
  readonly memory?: readonly Remembered[];
  /** Directory for compiled modules, reused by the next harness of the same module; default: none. */
  readonly cacheDirectory?: string | undefined;
  readonly signal: AbortSignal;
};

/** One tool server in a sandbox of its own, which lasts as long as this. State is kept in memory; grants hold as they would in a server. */
export class SandboxHarness implements AsyncDisposable {
  readonly server: ToolServer;
  readonly #sandbox: Sandbox;
  readonly #catalogue: ToolCatalogue;
  readonly #signal: AbortSignal;
  readonly #memory: TrialMemory;

  /** Throws ToolServerRefusedError, ToolServerBuildError, MemoryValueError, MemoryTooLargeError, CancelledError. */
  static async open(options: TrialOptions): Promise<SandboxHarness> {
    const { manifest, module, directory, variables = {}, cacheDirectory, signal } = options;
    const memory = await openTrialMemory(options.memory ?? [], systemClock);
    const broker = brokerFor({ directory, variables, memory, clock: systemClock });
    const sandbox = new Sandbox({ broker, clock: systemClock }, { processes: 1, standby: false, cacheDirectory });
    try {
      return new SandboxHarness({ sandbox, memory }, await sandbox.deploy({ manifest, module }, signal), signal);
    } catch (error) {
      await sandbox[Symbol.asyncDispose]();
      await memory[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(
    { sandbox, memory }: { readonly sandbox: Sandbox; readonly memory: TrialMemory },
    server: ToolServer,
    signal: AbortSignal,
  ) {
    this.#sandbox = sandbox;
    this.#memory = memory;
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
    const context = { ...TRIAL_CONTEXT, session, files: [] };
    const call = { id: mint(ToolCallId), server: this.server.name, tool, arguments: given, context };
    return this.#catalogue.call(known, call, this.#signal);
  }

  /** What the server has written to its log. */
  log(): readonly LogLine[] {
    return this.#sandbox.logs(this.server.name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sandbox[Symbol.asyncDispose]();
    await this.#memory[Symbol.asyncDispose]();
  }
}

const CONTENT_BYTES_MAX = 1024 * 1024;

type HarnessDeps = {
  readonly directory: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly memory: TrialMemory;
  readonly clock: Clock;
};

function brokerFor({ directory, variables, memory, clock }: HarnessDeps): Broker {
  const known = (names: readonly string[]): { name: string; value: string }[] =>
    names.flatMap((name) => (variables[name] === undefined ? [] : [{ name, value: variables[name] }]));
  return {
    files: new FileBroker({ root: directory }),
    http: new HttpBroker({
      clock,
      audit: () => {},
      secrets: ({ grants: { secrets } }) =>
        secrets
          .filter(({ as }) => as === "placeholder")
          .map((grant) => ({
            grant,
            placeholder: `secret:${grant.name}`,
            value: variables[grant.name],
            origins: [],
            hint: `Set ${grant.name} under [variables] in tests.toml.`,
          })),
    }),
    state: new MemoryState(clock),
    messages: nowhere(clock),
    memory: new ToolRecall({ memory, clock, audit: () => {}, onRefused: () => {}, redact: (_server, query) => query }),
    environment: (_server, { environment, secrets }) => [
      ...known(environment),
      ...secrets.flatMap(({ name, as }) => (as === "value" ? known([name]) : [{ name, value: `secret:${name}` }])),
    ],
    confidential: ({ secrets }) => known(secrets.map(({ name }) => name)),
  };
}

/** Messages are judged by the grants as in a server, and go nowhere. */
const nowhere = (clock: Clock): ToolMessageBroker =>
  new ToolMessageBroker({
    clock,
    audit: () => {},
    onRefused: () => {},
    redact: (_server, message) => message,
    contentBytesMax: CONTENT_BYTES_MAX,
    originOf: () => undefined,
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
