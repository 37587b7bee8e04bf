import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemNote, type ToolServer } from "../catalogue/index.ts";
import { type BuildEnvironment, compile } from "./languages.ts";
import { MODULE_FILE, openProject, type ToolProject, versionNote } from "./project.ts";
import { SandboxHarness } from "./sandbox-harness.ts";

export type BuiltTool = {
  readonly project: ToolProject;
  /** Where the module is. */
  readonly path: string;
  readonly bytes: number;
  readonly server: ToolServer;
  readonly compileMs: number;
  readonly notes: readonly string[];
};

/**
 * Compiles a tool's sources, deploys the module once in a sandbox of its own, and only then puts it beside `tool.toml`.
 * Throws ToolProjectError, CompilerMissingError, CompileFailedError, ToolServerRefusedError, CancelledError.
 */
export async function buildTool(directory: string, environment: BuildEnvironment): Promise<BuiltTool> {
  const project = await openProject(directory);
  const startedAt = performance.now();
  const module = await compile(project, environment);
  const compileMs = performance.now() - startedAt;
  environment.report("trying it in the sandbox");
  const { manifest } = project;
  const { cacheDirectory, signal } = environment;
  await using trial = await SandboxHarness.open({
    manifest,
    module,
    directory: project.directory,
    cacheDirectory,
    signal,
  });
  // The engine of scripts imports both, whether a script uses them or not.
  const isScript = project.language === "ts" || project.language === "js";
  const system = isScript ? "" : systemNote(module, manifest.grants);
  const notes = [await versionNote(project), system].filter((note) => note !== "");
  const path = join(project.directory, MODULE_FILE);
  const made = `${path}.new`;
  await writeFile(made, module);
  await rename(made, path);
  return { project, path, bytes: module.length, server: trial.server, compileMs, notes };
}
