import { type BuildAnswer, type BuildSpec, decodeWithBytes, type LoadSpec } from "../wire/index.ts";
import { WASI_MODULE } from "../wasi/index.ts";
import type { Metered } from "../meter/index.ts";
import type { GuestAbi, ModuleOutline } from "./abis/abi.ts";
import { ABIS } from "./abis/abis.ts";
import { component } from "./abis/component/component.ts";
import { prepare } from "./abis/component/component-build.ts";
import { CORE_MODULES, CORE_REFUSED } from "./abis/core-host.ts";
import { EXTISM_MODULE } from "./abis/extism/extism-host.ts";
import { isCoreImport, missingOfCore } from "./abis/core.ts";
import { Instance } from "./instance.ts";
import type { Turns } from "./turns.ts";

type Built = { readonly answer: BuildAnswer; readonly bytes: Uint8Array };

const NOTHING = new Uint8Array(0);
const PAGE_BYTES = 65_536;
const CATALOGUE_BYTES_MAX = 1024 * 1024;

/** Only a build child needs the meter, before it is confined; the others start faster without it. */
export const loadMeter = () => import("../meter/index.ts");

/** Makes a tool server's module ready: looks at it, meters it, compiles it, starts it once and asks for its tools. Never throws. */
export async function build(payload: Buffer, turns: Turns): Promise<Built> {
  const parts = decodeWithBytes(payload);
  if (parts === undefined) return refused("BUG", "the build request is damaged", "");
  const spec: BuildSpec = JSON.parse(parts.json.toString("utf8"));
  const { METER_LIMITS, kindOf, meter, FUEL_EXPORT, START_EXPORT } = await loadMeter();
  try {
    const limits = {
      ...METER_LIMITS,
      memoryPagesMax: Math.floor(spec.memoryBytesMax / PAGE_BYTES),
      moduleBytesMax: spec.moduleBytesMax,
    };
    const given = new Uint8Array(parts.bytes);
    const prepared =
      kindOf(given) === "component"
        ? { abi: component, ...prepare(given, limits, meter) }
        : prepareModule(meter(given, limits));
    if ("answer" in prepared) return prepared;
    const { abi, bytes, types } = prepared;
    const load: LoadSpec = {
      abi: abi.name,
      tools: [],
      memoryBytesMax: spec.memoryBytesMax,
      fuelPerCall: spec.startFuel,
      startFuel: spec.startFuel,
      resultBytesMax: CATALOGUE_BYTES_MAX,
      instancesMax: 1,
      startsAhead: false,
      environment: [],
      clock: false,
      random: false,
      fuelExport: FUEL_EXPORT,
      startExport: START_EXPORT,
    };
    const deps = { turns, open: abi.load(bytes), files: denied, log: () => {} };
    const tools = await toolsOf(new Instance(deps, load), spec);
    if ("type" in tools) return { answer: tools, bytes: NOTHING };
    return { answer: { type: "built", abi: abi.name, tools: tools.tools, types }, bytes };
  } catch (error) {
    return fault(error);
  }
}

type Prepared = { readonly abi: GuestAbi; readonly bytes: Uint8Array; readonly types: number };

function prepareModule({ bytes, shape }: Metered): Prepared | Built {
  const abi = ABIS.find((candidate) => candidate.accepts(shape));
  return abi === undefined ? unknownAbi(shape) : { abi, bytes, types: shape.counts.types };
}

const denied = (_request: unknown, settle: (reply: { type: "refused"; reason: "denied" }) => void): void =>
  settle({ type: "refused", reason: "denied" });

async function toolsOf(instance: Instance, { toolsMax, tools: declared }: BuildSpec) {
  const failed = await instance.start();
  if (failed !== undefined) return notStarting(failed.outcome, failed.detail);
  try {
    const tools = await instance.listTools(toolsMax, declared);
    if (tools.length === 0) return withoutTools;
    const repeated = tools.find((tool, index) => tools.findIndex(({ name }) => name === tool.name) !== index);
    if (repeated !== undefined) return notStarting("bad-output", `it lists the tool "${repeated.name}" twice`);
    return { tools };
  } catch {
    const { outcome, detail } = instance.ending ?? { outcome: "trap", detail: "" };
    return notStarting(outcome, detail);
  }
}

const notStarting = (outcome: string, detail: string): Extract<BuildAnswer, { type: "refused" }> => ({
  type: "refused",
  code: "TOOL_SERVER_NOT_STARTING",
  message: `the module did not start, or did not list its tools (${outcome}${detail === "" ? "" : `: ${detail}`})`,
  hint: "docs/tools/abi.md says what each kind of module is asked at its start; what it printed to standard error helps too.",
});

const withoutTools = {
  type: "refused",
  code: "MODULE_WITHOUT_TOOLS",
  message: "no tool was found in the module",
  hint: "Export or list at least one tool; docs/tools/abi.md says where each kind of module names its tools.",
} as const;

/** What most people meant is said first. */
function unknownAbi({ imports, exports }: ModuleOutline): Built {
  const names = exports.map(({ name }) => name);
  const refusedImport = imports.find(({ module, name }) => CORE_MODULES.includes(module) && CORE_REFUSED.has(name));
  const foreign = imports.find(({ module, name, kind }) =>
    CORE_MODULES.includes(module) ? !isCoreImport(module, name) : kind !== "function" || !KNOWN_MODULES.has(module),
  );
  const missing = missingOfCore(exports);
  const why =
    names.includes("handle_tool_call") && missing.length > 0
      ? `it exports handle_tool_call, but not ${missing.join(", ")}`
      : `its exports are ${names.slice(0, 20).join(", ") || "none"}`;
  const what =
    refusedImport !== undefined
      ? `it imports ${refusedImport.module}.${refusedImport.name}, which tools are not given`
      : foreign !== undefined
        ? `it imports the ${foreign.kind} ${foreign.module}.${foreign.name}, which the sandbox does not have`
        : why;
  return refused(
    "MODULE_ABI_UNKNOWN",
    `the module is not a tool server of a known kind: ${what}`,
    "Build it as a WASI preview 1 command that speaks MCP on standard input and output, an Extism plug-in, a component, or a module with handle_tool_call; docs/tools/abi.md has an example of each.",
  );
}
const KNOWN_MODULES: ReadonlySet<string> = new Set([WASI_MODULE, EXTISM_MODULE, "extism:host/user"]);

const refused = (code: string, message: string, hint: string): Built => ({
  answer: { type: "refused", code, message, hint },
  bytes: NOTHING,
});

/** Refusals of the meter carry their own words. */
function fault(error: unknown): Built {
  const has = (key: "code" | "hint"): string => {
    const value: unknown = error instanceof Error && key in error ? Reflect.get(error, key) : undefined;
    return typeof value === "string" ? value : "";
  };
  const message = error instanceof Error ? error.message : String(error);
  return refused(has("code") || "MODULE_REFUSED", message, has("hint"));
}
