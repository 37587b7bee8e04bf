import { type CallContext, failedCall, type ToolCall, type ToolResult } from "../catalogue/index.ts";
import { cancelledCall, refusalOf, unknownTool } from "./admission.ts";
import { ToolServerRefusedError } from "./errors.ts";
import type { LiveServer } from "./live-server.ts";
import { buildSpec } from "./modules/inspection.ts";
import type { ModuleBuilder } from "./modules/module-builder.ts";
import { notLoaded } from "./outcome.ts";
import { maxInstancesFor, type SandboxOptions } from "./sandbox-options.ts";

const MIB = 1024 * 1024;

/** A server without a copy for the memory that an agent leaves it. */
export type Unprepared = { readonly type: "unprepared"; readonly memoryBytesMax: number };
type Prepared = { readonly type: "prepared"; readonly server: LiveServer; readonly tool: number };

/** Returns the server or the copy of it in which a call is made, or the result of a call that is not admitted. */
export function serverFor(known: LiveServer, call: ToolCall, nowMs: number): Prepared | Unprepared | ToolResult {
  const refusal = refusalOf(known, known.session(call.context), nowMs);
  if (refusal !== undefined) return refusal;
  const memoryBytesMax = lowerMemory(known, call.context);
  if (memoryBytesMax === undefined) return prepared(known, call);
  const copy = known.limited.get(memoryBytesMax);
  if (copy === undefined) return { type: "unprepared", memoryBytesMax };
  if (copy instanceof ToolServerRefusedError) return unfit(call, memoryBytesMax, copy);
  return refusalOf(copy, copy.session(call.context), nowMs) ?? prepared(copy, call);
}

function prepared(server: LiveServer, call: ToolCall): Prepared | ToolResult {
  const tool = server.toolIndex(call.tool);
  return tool === undefined ? unknownTool(call, server, []) : { type: "prepared", server, tool };
}

/** Returns the memory that an agent leaves a server, in whole MiB so that agents share copies; undefined if that is not less. */
function lowerMemory({ manifest: { limits } }: LiveServer, { restrictions }: CallContext): number | undefined {
  const asked = restrictions?.memoryBytesMax;
  if (asked === undefined || asked >= limits.memoryBytesMax) return undefined;
  return Math.max(1, Math.floor(asked / MIB)) * MIB;
}

type Preparing = { readonly call: ToolCall; readonly signal: AbortSignal; readonly number: number };

/** Prepares copies of tool servers for agents with a lower limit of memory. */
export class LimitedServers {
  readonly #builder: ModuleBuilder;
  readonly #startFuel: number;
  readonly #options: SandboxOptions;

  constructor(builder: ModuleBuilder, startFuel: number, options: SandboxOptions) {
    this.#builder = builder;
    this.#startFuel = startFuel;
    this.#options = options;
  }

  /**
   * Adds the copy with this number to `limited`, or the reason why the module does not fit into the memory. Returns the
   * result of the call if neither is known now. Never throws.
   */
  async prepare(
    server: LiveServer,
    { memoryBytesMax }: Unprepared,
    { call, signal, number }: Preparing,
  ): Promise<ToolResult | undefined> {
    const manifest = { ...server.manifest, limits: { ...server.manifest.limits, memoryBytesMax } };
    const { moduleHash } = server.module;
    try {
      const made = { server: manifest.name, spec: buildSpec(manifest, this.#startFuel), moduleHash };
      const module = await this.#builder.rebuild(made, signal);
      if (server.isRemoved || server.limited.has(memoryBytesMax)) return undefined;
      const instancesMax = maxInstancesFor(this.#options, memoryBytesMax);
      server.limited.set(memoryBytesMax, server.copy(number, { manifest, module, instancesMax }));
    } catch (error) {
      if (error instanceof ToolServerRefusedError) server.limited.set(memoryBytesMax, error);
      else return this.#failed(server, error, { call, signal });
    }
    return undefined;
  }

  #failed(server: LiveServer, error: unknown, { call, signal }: Omit<Preparing, "number">): ToolResult {
    server.counters.failed += 1;
    if (signal.aborted) return cancelledCall(call);
    return notLoaded(`${call.server}.${call.tool}`, error instanceof Error ? error.message : String(error));
  }
}

/** A call of a tool whose module does not fit into the memory that its agent leaves it. */
const unfit = ({ server, tool, context }: ToolCall, memoryBytesMax: number, { why }: ToolServerRefusedError) =>
  failedCall(
    "memory",
    `${server}.${tool} cannot run in ${memoryBytesMax / MIB} MiB of memory, the limit of ${context.agent ?? "its agent"}: ${why}. Raise max_memory_usage under [security] in the definition of the agent, or build the tool with less memory at the start.`,
  );
