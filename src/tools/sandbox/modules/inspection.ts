import type { Inspection } from "../../servers/index.ts";
import type { ToolManifest } from "../../catalogue/index.ts";
import { declaredTool, interfaceOf, toolsIn } from "../live-server.ts";
import type { BuildSpec } from "../wire/index.ts";
import type { BuildRequest, ModuleBuilder } from "./module-builder.ts";

const MODULE_BYTES_MAX = 32 * 1024 * 1024;
const TOOLS_MAX = 256;

/** What has to be made of a module so that it can be deployed as its manifest says. */
export const buildRequest = (
  { manifest, module }: { readonly manifest: ToolManifest; readonly module: Uint8Array },
  startFuel: number,
): BuildRequest => ({
  server: manifest.name,
  module,
  spec: buildSpec(manifest, startFuel),
});

/** How a module is prepared for a server with this manifest. */
export const buildSpec = ({ limits, tools = [] }: ToolManifest, startFuel: number): BuildSpec => ({
  memoryBytesMax: limits.memoryBytesMax,
  moduleBytesMax: MODULE_BYTES_MAX,
  startFuel,
  toolsMax: TOOLS_MAX,
  tools: tools.map(declaredTool),
});

/** What a module is, as its build child saw it. Throws ToolServerRefusedError, ToolServerBuildError, CancelledError. */
export async function inspectWith(
  builder: ModuleBuilder,
  request: BuildRequest,
  signal: AbortSignal,
): Promise<Inspection> {
  const { catalogue, moduleHash } = await builder.build(request, signal);
  return {
    moduleHash,
    moduleBytes: request.module.byteLength,
    interface: interfaceOf(catalogue.abi),
    tools: toolsIn(catalogue, request.server),
  };
}
