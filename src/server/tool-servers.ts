import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { renderProblem } from "../documents/index.ts";
import { CaxtonError, toFault } from "../kernel/errors.ts";
import { log } from "../kernel/log.ts";
import type { Sandbox } from "../sandbox/index.ts";
import { applyOverrides, readManifest, type ToolManifest } from "../tools/index.ts";
import type { Config } from "./config.ts";

/** What became of one tool server at start. */
export type ToolDeployment =
  | { readonly type: "deployed"; readonly name: string; readonly tools: number }
  | { readonly type: "disabled"; readonly name: string }
  | { readonly type: "failed"; readonly name: string; readonly reason: string };

/** Deploys every tool server of a directory, as configuration changes them. One that fails stops no other; never rejects. */
export async function deployToolServers(
  sandbox: Sandbox,
  directory: string,
  configured: Config["tool_servers"],
  signal: AbortSignal,
): Promise<readonly ToolDeployment[]> {
  const deploy = async (name: string): Promise<ToolDeployment> => {
    const word = configured[name];
    if (word?.enabled === false) return { type: "disabled", name };
    try {
      const manifest = await manifestOf(directory, name);
      const module = await readFile(join(directory, name, "module.wasm"));
      const server = await sandbox.deploy({ manifest: applyOverrides(manifest, word ?? {}), module }, signal);
      return { type: "deployed", name, tools: server.tools.length };
    } catch (error) {
      const reason = error instanceof CaxtonError ? toFault(error).message : String(error);
      // A server that is stopped while it starts has nothing to complain about.
      if (!signal.aborted) log.error({ toolServer: name, err: error }, "a tool server cannot be deployed");
      return { type: "failed", name, reason };
    }
  };
  const names = await serverNames(directory);
  const unknown = Object.keys(configured).filter((name) => !names.includes(name));
  const missing = unknown.map((name): ToolDeployment => ({
    type: "failed",
    name,
    reason: `tool_servers.${name} is configured, but there is no such tool server`,
  }));
  return [...(await Promise.all(names.map(deploy))), ...missing];
}

async function serverNames(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .toSorted();
  } catch (error) {
    log.error({ directory, err: error }, "the built-in tool servers are not there");
    return [];
  }
}

async function manifestOf(directory: string, name: string): Promise<ToolManifest> {
  const file = join(directory, name, "tool.toml");
  const text = await readFile(file, "utf8");
  const read = readManifest(text, file);
  if (read.type === "valid") return read.manifest;
  throw new TypeError(read.problems.map((problem) => renderProblem(problem, text, { colour: false })).join("\n"));
}
