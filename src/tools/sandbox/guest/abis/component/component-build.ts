import {
  ComponentRefusedError,
  encodeBundle,
  type Plan,
  runExport,
  decomposeComponent,
  toolsOf,
} from "../../../components/index.ts";
import { CAXTON_INTERFACES, caxtonFunctions, isCaxtonInterface } from "../../../components/system/index.ts";
import type { Metered, MeterLimits } from "../../../meter/index.ts";

type Meter = (bytes: Uint8Array<ArrayBuffer>, limits: MeterLimits) => Metered;

/**
 * Takes a component apart and meters each of its modules. The memory limit is for all memories together: when several
 * modules have one, each may grow to its share. Throws ComponentRefusedError, or what the meter throws.
 */
export function prepare(
  bytes: Uint8Array<ArrayBuffer>,
  limits: MeterLimits,
  meter: Meter,
): { readonly bytes: Uint8Array; readonly types: number } {
  if (bytes.length > limits.moduleBytesMax) {
    throw new ComponentRefusedError(
      `the component has ${bytes.length} bytes, more than the ${limits.moduleBytesMax} allowed`,
      "Build for size and strip debug information.",
    );
  }
  const { plan, modules } = decomposeComponent(bytes);
  refuseUnknown(plan);
  const used = [...new Set(plan.instances.map(({ module }) => module))];
  const parts = used.map((module) => {
    const range = modules[module] ?? { start: 0, end: 0 };
    return bytes.slice(range.start, range.end);
  });
  const first = parts.map((part) => meter(part, limits));
  const owners = plan.instances.filter(({ module }) => first[used.indexOf(module)]?.shape.memory?.imported === false);
  const share = Math.floor(limits.memoryPagesMax / Math.max(1, owners.length));
  const metered =
    share === limits.memoryPagesMax ? first : parts.map((part) => meter(part, { ...limits, memoryPagesMax: share }));
  const instances = plan.instances.map((each) => ({ ...each, module: used.indexOf(each.module) }));
  return {
    bytes: encodeBundle({ plan: { ...plan, instances }, modules: metered.map((each) => each.bytes) }),
    types: metered.reduce((sum, { shape }) => sum + shape.counts.types, 0),
  };
}

function refuseUnknown(plan: Plan): void {
  const foreign = plan.imports.find(
    (each) => !each.interface.startsWith("wasi:") && !isCaxtonInterface(each.interface),
  );
  if (foreign !== undefined) {
    throw new ComponentRefusedError(
      `the component imports ${foreign.interface === "" ? "" : `${foreign.interface}#`}${foreign.name}, which this host does not have`,
      "Components are given WASI 0.2 and caxton:host: compose yours with one that has the rest, or do without.",
    );
  }
  const unknown = plan.imports.find(
    (each) => isCaxtonInterface(each.interface) && !caxtonFunctions(each.interface)?.includes(each.name),
  );
  if (unknown !== undefined) {
    const functions = caxtonFunctions(unknown.interface);
    throw new ComponentRefusedError(
      `the component imports ${unknown.interface}#${unknown.name}, which this release does not have`,
      functions === undefined
        ? `There are ${CAXTON_INTERFACES.join(", ")}.`
        : `${unknown.interface} has ${functions.join(", ")}.`,
    );
  }
  if (toolsOf(plan).length === 0 && runExport(plan) === undefined) {
    throw new ComponentRefusedError(
      "the component exports neither functions nor wasi:cli/run",
      "Export a function for each tool, or build it as a program that speaks MCP on standard input and output.",
    );
  }
}
