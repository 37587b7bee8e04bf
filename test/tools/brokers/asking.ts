import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import initWabt from "wabt";
import { Database, SqliteGrantLedger, SqliteToolState } from "../../../src/storage/index.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { mint, ToolCallId } from "../../../src/kernel/ids.ts";
import { type JsonObject, parseJson, isJsonObject } from "../../../src/kernel/json.ts";
import { Sandbox } from "../../../src/tools/sandbox/index.ts";
import { type GuestPorts, openBroker } from "../../../src/tools/broker.ts";
import { SecretVault } from "../../../src/tools/secrets/index.ts";
import { storageOptions, toolsOptions, vaultOptions } from "../../../src/server/options/index.ts";
import { loadConfig } from "../../../src/server/config/config.ts";
import {
  DEFAULT_LIMITS,
  type Grants,
  NO_GRANTS,
  type StoredUse,
  type ToolLimits,
  type ToolResult,
  type CallContext,
} from "../../../src/tools/catalogue/index.ts";
import { tempDirectory } from "../../helpers/temp.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
/** The compiled modules of one test file serve the others too. */
const CACHE = join(here, "../../node_modules/.cache/caxton-sandbox");

/** The guest's module, from its text. */
export async function probe(): Promise<Uint8Array> {
  const wabt = await initWabt();
  const parsed = wabt.parseWat("probe.wat", readFileSync(join(here, "guests/probe.wat"), "utf8"));
  try {
    return parsed.toBinary({}).buffer;
  } finally {
    parsed.destroy();
  }
}

export type Answer = { readonly isGranted: boolean; readonly head: JsonObject; readonly body: Buffer };
export type AskOptions = {
  readonly session?: string;
  readonly signal?: AbortSignal;
  readonly isPermissive?: boolean;
  readonly conversation?: string;
  readonly onLog?: CallContext["onLog"];
};

const never = new AbortController().signal;

/** A tool server that asks for what its call says, in a real sandbox behind the server's own broker. */
export class AskRoom implements AsyncDisposable {
  readonly opened: ReturnType<typeof openBroker>;
  readonly #ledger: SqliteGrantLedger;
  readonly sandbox: Sandbox;
  readonly directory: string;
  readonly #temp: Disposable;
  readonly #database: Database;
  #calls = 0;

  constructor(
    environment: { readonly [name: string]: string } = {},
    mail?: GuestPorts["mail"],
    memory?: GuestPorts["memory"],
  ) {
    const temp = tempDirectory();
    this.#temp = temp;
    this.directory = temp.path;
    const settings = {
      "files.root": temp.path,
      "data.directory": join(temp.path, ".data"),
      "secrets.directories": [join(temp.path, "vault")],
    };
    const loaded = loadConfig({ settings }, environment, temp.path);
    this.#database = Database.open({ directory: join(temp.path, ".data"), synchronous: "normal" });
    this.#ledger = new SqliteGrantLedger(this.#database, systemClock, storageOptions(loaded).grants);
    this.opened = openBroker(toolsOptions(loaded).broker, {
      ledger: this.#ledger,
      state: new SqliteToolState(this.#database, systemClock),
      vault: new SecretVault(vaultOptions(loaded)),
      clock: systemClock,
      onRefused: () => {},
      mail,
      memory,
      resolve: (name) => Promise.resolve(name.endsWith("nowhere.test") ? [] : ["127.0.0.1"]),
    });
    this.sandbox = new Sandbox(
      { broker: this.opened.broker, clock: systemClock },
      { processes: 1, cacheDirectory: CACHE },
    );
  }

  /** Deploys the guest of these tests, or another module, as `probe`. */
  async deploy(grants: Partial<Grants> = {}, limits: Partial<ToolLimits> = {}, module?: Uint8Array): Promise<void> {
    const manifest = {
      name: "probe",
      version: "1.0.0",
      description: "",
      instance: "run" as const,
      limits: { ...DEFAULT_LIMITS, fuelPerCall: 10_000_000_000, ...limits },
      grants: { ...NO_GRANTS, ...grants },
    };
    await this.sandbox.deploy({ manifest, module: module ?? (await probe()) }, never);
  }

  call(
    tool: string,
    given: JsonObject = {},
    { session, signal, isPermissive, conversation, onLog }: AskOptions = {},
  ): Promise<ToolResult> {
    this.#calls += 1;
    const context = {
      session: session ?? `session-${this.#calls}`,
      workspace: "default",
      agent: "tester",
      files: [],
      isPermissive,
      conversation,
      onLog,
    };
    return this.sandbox.call(
      { id: mint(ToolCallId), server: "probe", tool, arguments: given, context },
      signal ?? never,
    );
  }

  /** What the guest answered, as bytes; throws for a call that failed. */
  async bytes(tool: string, given: JsonObject = {}, options: AskOptions = {}): Promise<Buffer> {
    const result = await this.call(tool, given, options);
    const [part] = result.type === "done" ? result.content : [];
    if (part?.type !== "text")
      throw new Error(result.type === "failed" ? `${result.reason}: ${result.message}` : "no text");
    return Buffer.from(part.text, "hex");
  }

  async ask(op: string, head: JsonObject, body: Uint8Array | string = "", options: AskOptions = {}): Promise<Answer> {
    return answerIn(await this.bytes("ask", asked(op, head, body), options));
  }

  uses(outcome?: StoredUse["outcome"]): Promise<readonly StoredUse[]> {
    return this.#ledger.uses({
      workspace: "default",
      server: "probe",
      outcome,
      kind: undefined,
      sinceMs: undefined,
      beforeSeq: undefined,
      limit: 10_000,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox[Symbol.asyncDispose]();
    await this.#ledger[Symbol.asyncDispose]();
    this.#database[Symbol.dispose]();
    this.#temp[Symbol.dispose]();
  }
}

/** The arguments that make the guest ask. */
export function asked(op: string, head: JsonObject | string, body: Uint8Array | string = ""): JsonObject {
  const text = Buffer.from(typeof head === "string" ? head : JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return { op, hex: Buffer.concat([length, text, Buffer.from(body)]).toString("hex") };
}

/** An answer as docs/tools/host-calls.md describes it, after the byte that `request` returned. */
export function answerIn(bytes: Buffer): Answer {
  const end = 5 + bytes.readUInt32LE(1);
  const parsed = parseJson(bytes.toString("utf8", 5, end));
  if (parsed.type !== "parsed" || !isJsonObject(parsed.value)) throw new Error(`no head in ${bytes.toString()}`);
  return { isGranted: bytes[0] === 0, head: parsed.value, body: bytes.subarray(end) };
}
