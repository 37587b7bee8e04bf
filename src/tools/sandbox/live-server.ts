import {
  type CallContext,
  type DeclaredTool,
  describeGrants,
  permissiveGrants,
  type Tool,
  type ToolCounters,
  type ToolManifest,
  TOOL_SERVER_INTERFACES,
  type ToolServer,
  type ToolServerInterface,
  type ToolServerState,
} from "../catalogue/index.ts";
import { cleanLine, cleanSchema, cleanText } from "../../kernel/clean.ts";
import type { ToolServerRefusedError } from "./errors.ts";
import { GuestLog } from "./guest-log.ts";
import { FUEL_EXPORT, START_EXPORT } from "./meter/index.ts";
import type { BuiltModule } from "./modules/module-builder.ts";
import type { Catalogue } from "./modules/module-cache.ts";
import { type QuarantineState, stateAt, TRUSTED } from "./quarantine.ts";
import type { ChildPool } from "./children/child-pools.ts";
import type { Redaction } from "../../text/redaction/index.ts";
import type { ChildSupervisor } from "./children/child-supervisor.ts";
import type { GuestTool, LoadSpec } from "./wire/index.ts";

/** The server and lease that a running call is counted on. */
export type CallAccounting = { readonly server: LiveServer; readonly session: InstanceLease };

/** A run's lease of a tool server: the child that has its instance, and the number of its running calls. */
export type InstanceLease = {
  readonly number: number;
  slot: ChildSupervisor | undefined;
  pending: number;
  usedAtMs: number;
  /** Nothing of it was answered in its child, so that there is nothing of it to be lost there. */
  isFresh: boolean;
};

type CopySettings = {
  readonly manifest: ToolManifest;
  readonly module: BuiltModule;
  readonly instancesMax: number;
};

type Counters = { -readonly [Key in keyof ToolCounters]: number };

/** One deployed tool server: what it is, and how it has been. */
export class LiveServer {
  readonly number: number;
  /** The workspace in which it is deployed. */
  readonly workspace: string;
  readonly manifest: ToolManifest;
  readonly module: BuiltModule;
  readonly tools: readonly Tool[];
  readonly spec: Omit<LoadSpec, "startsAhead">;
  readonly sessions = new Map<string, InstanceLease>();
  readonly log: GuestLog;
  /** What its answers and its log may not hold. */
  readonly redaction: Redaction | undefined;
  readonly counters: Counters = { done: 0, failed: 0, denied: 0, fuel: 0, durationMs: 0 };
  readonly view: ToolServer;
  /** The children it runs in. */
  readonly pool: ChildPool;
  readonly interface: ToolServerInterface;
  readonly #indexes: ReadonlyMap<string, number>;
  quarantine: QuarantineState = TRUSTED;
  /** Why a child could not load it; empty when none has said so. */
  failure = "";
  /** Why its module could not be read when it was last needed; the next call tries again. Empty when it could. */
  problem = "";
  pending = 0;
  /** Children that have it compiled, or are about to. */
  loadedIn = 0;
  usedAtMs = 0;
  /** Whether an instance is started before a call needs it; no more once such a start has kept others waiting. */
  startsAhead = true;
  isRemoved = false;
  /** Copies whose instances have less memory, by that limit; or why the module does not fit into it. */
  readonly limited = new Map<number, LiveServer | ToolServerRefusedError>();
  readonly #nowMs: () => number;
  #nextSession = 1;

  constructor(
    number: number,
    manifest: ToolManifest,
    module: BuiltModule,
    settings: Pick<LoadSpec, "environment" | "startFuel" | "instancesMax"> & {
      readonly workspace: string;
      readonly pool: ChildPool;
      readonly nowMs: () => number;
      readonly redaction?: Redaction | undefined;
      readonly log?: GuestLog | undefined;
    },
  ) {
    this.number = number;
    this.workspace = settings.workspace;
    this.manifest = manifest;
    this.module = module;
    this.redaction = settings.redaction;
    this.log = settings.log ?? new GuestLog(settings.redaction);
    this.pool = settings.pool;
    this.interface = interfaceOf(module.catalogue.abi);
    this.tools = toolsIn(module.catalogue, manifest.name);
    this.#indexes = new Map(this.tools.map(({ name }, index) => [name, index]));
    const { limits, grants } = manifest;
    this.spec = {
      abi: module.catalogue.abi,
      tools: this.tools.map(({ name }) => name),
      memoryBytesMax: limits.memoryBytesMax,
      fuelPerCall: limits.fuelPerCall,
      startFuel: settings.startFuel,
      resultBytesMax: limits.resultBytesMax,
      instancesMax: settings.instancesMax,
      environment: settings.environment,
      clock: grants.clock,
      random: grants.random,
      fuelExport: FUEL_EXPORT,
      startExport: START_EXPORT,
    };
    this.#nowMs = settings.nowMs;
    this.view = viewOf(this, settings.nowMs);
  }

  /**
   * The same module with all that an operator may let one call have; it goes when that call is over. Whether it may be
   * called, and how its call ends, is a matter of this server: see `Job.account`.
   */
  permissive(number: number): LiveServer {
    const manifest = { ...this.manifest, grants: permissiveGrants(this.manifest.grants) };
    const server = this.copy(number, { manifest, module: this.module, instancesMax: 1 });
    server.isRemoved = true;
    return server;
  }

  /** This server with another manifest, and the module prepared for it. */
  copy(number: number, { manifest, module, instancesMax }: CopySettings): LiveServer {
    const { workspace, pool, redaction, log } = this;
    const { environment, startFuel } = this.spec;
    const settings = { workspace, pool, redaction, log, environment, startFuel, instancesMax, nowMs: this.#nowMs };
    return new LiveServer(number, manifest, module, settings);
  }

  /** The copies with less memory. */
  get copies(): readonly LiveServer[] {
    return [...this.limited.values()].filter((each) => each instanceof LiveServer);
  }

  toolIndex(name: string): number | undefined {
    return this.#indexes.get(name);
  }

  session({ session: name, workspace }: Pick<CallContext, "session" | "workspace">): InstanceLease {
    // A server that all runs share has one instance for each workspace, and so one session.
    const key = this.manifest.instance === "server" ? workspace : name;
    let session = this.sessions.get(key);
    if (session === undefined) {
      session = { number: this.#nextSession, slot: undefined, pending: 0, usedAtMs: 0, isFresh: true };
      this.#nextSession = (this.#nextSession % 0xffff_fffe) + 1;
      this.sessions.set(key, session);
    }
    return session;
  }
}

/** The servers with their copies. */
export function* withCopies(servers: Iterable<LiveServer>): Generator<LiveServer> {
  for (const server of servers) {
    yield server;
    if (server.limited.size > 0) yield* server.copies;
  }
}

/** A tool of a manifest as a guest would describe it. */
export const declaredTool = (tool: DeclaredTool): GuestTool => ({
  name: tool.name,
  title: "",
  description: tool.description,
  inputSchema: tool.input_schema,
  outputSchema: tool.output_schema,
  readOnly: tool.read_only,
  idempotent: tool.read_only || tool.idempotent,
  ...(tool.destructive === true && { destructive: true }),
});

/** The tools of a prepared module. Texts for models and people lose control characters and marks that reverse text. */
export const toolsIn = ({ tools }: Catalogue, server: string): readonly Tool[] =>
  tools.map(({ name, title, description, inputSchema, outputSchema, readOnly, idempotent, destructive }) => ({
    server,
    name,
    title: cleanLine(title, Infinity) || name,
    description: cleanText(description, Infinity),
    inputSchema: cleanSchema(inputSchema, Infinity),
    outputSchema: outputSchema && cleanSchema(outputSchema, Infinity),
    effects: { readOnly, idempotent, ...(destructive === true && { destructive }) },
  }));

/** The build child is trusted no further than its answer's shape: an ABI that is not known here is a defect of ours. */
export function interfaceOf(abi: string): ToolServerInterface {
  const known = TOOL_SERVER_INTERFACES.find((name) => name === abi);
  if (known === undefined) throw new Error(`the ABI ${abi} is not known`);
  return known;
}

const failureOf = ({ failure, problem }: LiveServer): string => (failure === "" ? problem : failure);

/** What clients see; read when it is looked at, so that a list of a thousand servers costs nothing to keep. */
function viewOf(server: LiveServer, nowMs: () => number): ToolServer {
  const { name, version, description, grants, limits } = server.manifest;
  return {
    name,
    interface: server.interface,
    isSandboxed: true,
    version,
    description,
    get state(): ToolServerState {
      if (failureOf(server) !== "") return "failed";
      if (stateAt(server.quarantine, nowMs()).state === "quarantined") return "quarantined";
      if (server.pending > 0 || server.sessions.size > 0) return "running";
      return server.loadedIn > 0 ? "loaded" : "unloaded";
    },
    get reason(): string {
      if (failureOf(server) !== "") return failureOf(server);
      const standing = stateAt(server.quarantine, nowMs());
      return standing.state === "quarantined" ? standing.reason : "";
    },
    tools: server.tools,
    grants: describeGrants(grants),
    limits,
    moduleHash: server.module.moduleHash,
    get calls(): ToolCounters {
      return { ...server.counters };
    },
  };
}
