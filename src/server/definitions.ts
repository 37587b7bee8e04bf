import { type FSWatcher, watch } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { type AgentServices, deployAgent, type SystemServices } from "../api/operations/index.ts";
import { CaxtonError, toFault } from "../kernel/errors.ts";
import { DefinitionInvalidError } from "../agents/index.ts";

type Services = AgentServices & Pick<SystemServices, "clock">;

/** What became of one definition file. */
export type FileDeployment =
  | {
      readonly type: "created" | "updated" | "unchanged";
      readonly file: string;
      readonly agent: string;
      readonly revision: number;
      readonly durationMs: number;
      readonly warnings: readonly string[];
    }
  /** The agent it would have changed keeps its revision. */
  | { readonly type: "refused"; readonly file: string; readonly code: string; readonly problems: readonly string[] };

const DEFINITION = /\.(toml|md|markdown)$/i;
const isDefinition = (file: string): boolean =>
  DEFINITION.test(file) &&
  !/(^|[\\/])(README\.md|caxton\.toml|tool\.toml)$/i.test(file) &&
  !file.split(sep).some((part) => part.startsWith(".") || part === "node_modules");

/** Whether a file that is called like a definition is one: Markdown without front matter is notes beside it. */
async function isMeantAsDefinition(file: string): Promise<boolean> {
  return !/\.(md|markdown)$/i.test(file) || /^\uFEFF?\s*---[ \t]*\r?\n/.test(await readFile(file, "utf8"));
}

/** The definition files below a directory, sorted; none when there is no such directory. */
export async function definitionFiles(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => isDefinition(relative(directory, file)))
      .toSorted();
    const meant = await Promise.all(files.map(isMeantAsDefinition));
    return files.filter((_file, index) => meant[index]);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/** Deploys one file. A file that cannot be deployed is an outcome, not an error. */
export async function deployFile(services: Services, file: string): Promise<FileDeployment> {
  const begunMs = services.clock.monotonicMs();
  const source = await readFile(file, "utf8");
  try {
    const { outcome, agent } = await deployAgent(services, { source, file_name: file });
    return {
      type: outcome,
      file,
      agent: agent.name,
      revision: agent.revision,
      durationMs: services.clock.monotonicMs() - begunMs,
      warnings: agent.warnings.map(({ rendered }) => rendered),
    };
  } catch (error) {
    if (!(error instanceof CaxtonError)) throw error;
    const { code, message, hint } = toFault(error);
    const problems =
      error instanceof DefinitionInvalidError
        ? error.details.problems.map((problem) => services.render(problem, source))
        : [hint === "" ? message : `${message}\n  ${hint}`];
    return { type: "refused", file, code, problems };
  }
}

/** Deploys every definition of a directory, one after the other; a broken one stops no other. */
export async function deployDirectory(services: Services, directory: string): Promise<readonly FileDeployment[]> {
  const results: FileDeployment[] = [];
  for (const file of await definitionFiles(directory)) results.push(await deployFile(services, file));
  return results;
}

const SETTLE_MS = 75;

/** Deploys definitions as they are saved, until disposed. Editors write in many ways; each file is read when it has been quiet for 75 ms. */
export class DefinitionWatcher implements Disposable {
  readonly #services: Services;
  readonly #directory: string;
  readonly #report: (deployment: FileDeployment) => void;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** Files whose last word was that they are refused: that one is mended is worth a line even when nothing is deployed by it. */
  readonly #refused = new Set<string>();
  readonly #watcher: FSWatcher;

  constructor(services: Services, directory: string, report: (deployment: FileDeployment) => void) {
    this.#services = services;
    this.#directory = directory;
    this.#report = report;
    this.#watcher = watch(directory, { recursive: true }, (_event, name) => this.#changed(name));
  }

  #changed(name: string | null): void {
    if (name === null || !isDefinition(name)) return;
    clearTimeout(this.#timers.get(name));
    this.#timers.set(
      name,
      setTimeout(() => void this.#deploy(name), SETTLE_MS),
    );
  }

  async #deploy(name: string): Promise<void> {
    this.#timers.delete(name);
    try {
      const file = join(this.#directory, name);
      if (!(await isMeantAsDefinition(file))) return;
      const deployment = await deployFile(this.#services, file);
      const mended = this.#refused.delete(name);
      if (deployment.type === "refused") this.#refused.add(name);
      if (deployment.type !== "unchanged" || mended) this.#report(deployment);
    } catch (error) {
      // Gone before it was read: the agent stays deployed until someone deletes it.
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }
}
