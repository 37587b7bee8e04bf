import { createHash } from "node:crypto";
import type { JsonObject } from "../../../src/kernel/json.ts";
import {
  DEFAULT_LIMITS,
  failedCall,
  NO_USAGE,
  type Tool,
  type ToolCall,
  type ToolResult,
  type ToolServer,
} from "../../../src/tools/catalogue/index.ts";
import { type Inspection, type ToolHost, type ToolModule } from "../../../src/tools/servers/index.ts";

/** A module of the fake host is JSON: its tools by name, each with its description; `broken` cannot be deployed. */
export const fakeModule = (tools: { readonly [name: string]: string }): Buffer => Buffer.from(JSON.stringify(tools));

export const fakeTool = (server: string, name: string, description: string): Tool => ({
  server,
  name,
  title: name,
  description,
  inputSchema: { type: "object" } satisfies JsonObject,
  outputSchema: undefined,
  effects: { readOnly: true, idempotent: true },
});

/** A host whose modules are lists of tools, and whose calls answer with the hash of the module that took them. */
export class FakeHost implements ToolHost {
  readonly deployed = new Map<string, { readonly view: ToolServer; readonly hash: string }>();
  /** Calls wait for this before they answer. */
  gate: Promise<void> = Promise.resolve();
  /** Checks wait for this before they begin. */
  checkGate: Promise<void> = Promise.resolve();

  servers(): readonly ToolServer[] {
    return [...this.deployed.values()].map(({ view }) => view);
  }

  async call(call: ToolCall): Promise<ToolResult> {
    const found = this.deployed.get(call.server);
    if (found === undefined) return failedCall("unknown-tool", call.server);
    await this.gate;
    return { type: "done", content: [{ type: "text", text: found.hash }], structured: undefined, usage: NO_USAGE };
  }

  logs() {
    return [];
  }

  endSession(): void {}

  async inspect({ manifest, module }: ToolModule): Promise<Inspection> {
    const tools: { [name: string]: string } = JSON.parse(Buffer.from(module).toString("utf8"));
    if ("broken" in tools) throw new Error("this module is broken");
    return {
      moduleHash: hashOf(module),
      moduleBytes: module.byteLength,
      interface: "core",
      tools: Object.entries(tools).map(([name, description]) => fakeTool(manifest.name, name, description)),
    };
  }

  async check(module: ToolModule, signal: AbortSignal): Promise<Inspection> {
    const { promise, reject } = Promise.withResolvers<never>();
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    await Promise.race([this.checkGate, promise]);
    return this.inspect(module);
  }

  async deploy(module: ToolModule): Promise<ToolServer> {
    const { tools, moduleHash } = await this.inspect(module);
    const view = fakeView(module.manifest.name, tools);
    this.deployed.set(module.manifest.name, { view, hash: moduleHash });
    return view;
  }

  remove(name: string): boolean {
    return this.deployed.delete(name);
  }

  watchLog(): Disposable {
    return { [Symbol.dispose]: () => {} };
  }
}

export const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export const fakeView = (name: string, tools: readonly Tool[], state: ToolServer["state"] = "loaded"): ToolServer => ({
  name,
  interface: "core",
  isSandboxed: true,
  version: "1.0.0",
  description: "",
  state,
  reason: "",
  tools,
  grants: [],
  limits: DEFAULT_LIMITS,
  moduleHash: "",
  calls: { done: 0, failed: 0, denied: 0, fuel: 0, durationMs: 0 },
});
