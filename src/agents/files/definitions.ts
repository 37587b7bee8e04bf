import { type Dirent, type FSWatcher, watch } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { type Agents, DefinitionInvalidError } from "../definitions/index.ts";
import { isTestFile } from "../test-files/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import { CaxtonError, toFault } from "../../kernel/errors.ts";
import { log } from "../../kernel/log.ts";
import { type Problem, renderProblem } from "../../text/documents/index.ts";
import type { DefinitionFiles } from "./agent-files.ts";
import { DefinitionNameTakenError, DefinitionsUnreadableError, DefinitionUnreadableError } from "./errors.ts";

/** What definition files are deployed with. */
export type FileDeployments = {
  readonly workspace: string;
  readonly agents: Agents;
  readonly agentFiles: Pick<DefinitionFiles, "remember">;
  readonly clock: Clock;
};

const render = (problem: Problem, source: string): string => renderProblem(problem, source, { colour: false });

/** Result for one definition file. */
export type FileDeployment =
  | {
      readonly type: "created" | "updated" | "unchanged";
      readonly file: string;
      readonly agent: string;
      readonly revision: number;
      readonly durationMs: number;
      readonly warnings: readonly string[];
    }
  /** The file differs from the deployed revision, which has another origin and stays. */
  | {
      readonly type: "kept";
      readonly file: string;
      readonly agent: string;
      readonly revision: number;
    }
  /** The agent it would have changed keeps its revision. */
  | { readonly type: "refused"; readonly file: string; readonly code: string; readonly problems: readonly string[] };

const DEFINITION = /\.(toml|md|markdown|ya?ml)$/i;
const OTHER_FILE =
  /(^|[\\/])(README\.md|caxton\.(toml|ya?ml)|(tool|tests|cargo|pyproject)\.toml|(docker-)?compose(\.[\w-]+)?\.ya?ml)$/i;
const isDefinition = (file: string): boolean =>
  DEFINITION.test(file) &&
  !isTestFile(file) &&
  !OTHER_FILE.test(file) &&
  !file.split(sep).some((part) => part.startsWith(".") || part === "node_modules");

const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && "syscall" in error && typeof error.code === "string"
    ? error.code
    : undefined;

/** Whether a file that is called like a definition is one: Markdown without front matter is notes beside it. */
async function isMeantAsDefinition(file: string): Promise<boolean> {
  if (!/\.(md|markdown)$/i.test(file)) return true;
  try {
    return /^\uFEFF?\s*---[ \t]*\r?\n/.test(await readFile(file, "utf8"));
  } catch {
    // Deploying it will say why it cannot be read.
    return true;
  }
}

/** Whether there is a regular file, here or where a link leads; a pipe would be waited for without end. */
const isFile = async (file: string): Promise<boolean> =>
  stat(file).then(
    (found) => found.isFile(),
    () => false,
  );

/** Whether a link leads to a regular file or to nothing, which is worth a word; mounted ConfigMaps are links. */
const isFileOrBroken = async (link: string): Promise<boolean> =>
  stat(link).then(
    (found) => found.isFile(),
    () => true,
  );

/** The definition files below a directory, links to files included, sorted; none when there is no such directory. Throws DefinitionsUnreadableError. */
export async function definitionFiles(directory: string): Promise<readonly string[]> {
  const entries = await entriesBelow(directory);
  const named = entries
    .map((entry) => ({ entry, file: join(entry.parentPath, entry.name) }))
    .filter(({ file }) => isDefinition(relative(directory, file)))
    .toSorted((one, other) => (one.file < other.file ? -1 : 1));
  const meant = await Promise.all(
    named.map(async ({ entry, file }) => {
      const isThere = entry.isFile() || (entry.isSymbolicLink() && (await isFileOrBroken(file)));
      return isThere && (await isMeantAsDefinition(file));
    }),
  );
  return named.flatMap(({ file }, index) => (meant[index] ? [file] : []));
}

async function entriesBelow(directory: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(directory, { recursive: true, withFileTypes: true });
  } catch (error) {
    const code = errnoOf(error);
    if (code === "ENOENT") return [];
    if (code === undefined) throw error;
    const problem =
      code === "ENOTDIR"
        ? `agents.directory: ${directory} is a file, not a directory`
        : `agents.directory: ${directory} cannot be read: ${whyUnreadable(code)}`;
    throw new DefinitionsUnreadableError(
      problem,
      "Point agents.directory (--agents) at a directory that this user can read.",
      { problems: [problem] },
      { cause: error },
    );
  }
}

const WHY: { readonly [errno: string]: string } = {
  EACCES: "this user may not read it",
  EPERM: "this user may not read it",
  EISDIR: "it is a directory",
  ENOENT: "it is not there, or it is a link to nothing",
  ELOOP: "its links lead in a circle",
};
const whyUnreadable = (errno: string): string => WHY[errno] ?? `the system says ${errno}`;

async function readDefinitionFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    throw new DefinitionUnreadableError(
      `${file} cannot be read: ${whyUnreadable(errno)}`,
      "Make it a file that this user can read, or remove it.",
      { file },
      { cause: error },
    );
  }
}

/** Files of one pass by the agent's name in lower case. */
type Seen = Map<string, string>;

/**
 * Deploys one file: a saved one whatever is deployed, one that was found (`seen` is given) unless the deployed revision has
 * another origin. A file that cannot be read or deployed is an outcome, not an error.
 */
export async function deployFile(services: FileDeployments, file: string, seen?: Seen): Promise<FileDeployment> {
  const begunMs = services.clock.monotonicMs();
  let source = "";
  try {
    source = await readDefinitionFile(file);
    if (seen) refuseSecond(services, { source, file }, seen);
    const { agents } = services;
    const result = await agents.deployFile(services.workspace, { source, fileName: file }, seen === undefined);
    const { name: agent, revision } = result.revision;
    seen?.set(agent.toLowerCase(), file);
    services.agentFiles.remember(agent, file);
    if (result.type === "kept") return { type: "kept", file, agent, revision };
    return {
      type: result.type,
      file,
      agent,
      revision,
      durationMs: services.clock.monotonicMs() - begunMs,
      warnings: result.warnings.map((warning) => render(warning, source)),
    };
  } catch (error) {
    if (!(error instanceof CaxtonError)) throw error;
    const { code, message, hint } = toFault(error);
    const problems =
      error instanceof DefinitionInvalidError
        ? error.details.problems.map((problem) => render(problem, source))
        : [hint === "" ? message : `${message}\n  ${hint}`];
    return { type: "refused", file, code, problems };
  }
}

/** Two files of one name would take turns as the agent's latest revision at every start. */
function refuseSecond(
  { agents, workspace }: FileDeployments,
  { source, file }: { readonly source: string; readonly file: string },
  seen: Seen,
): void {
  if (seen.size === 0) return;
  const reading = agents.validate(workspace, { source, fileName: file });
  if (reading.type !== "valid") return;
  const { name } = reading.definition;
  const first = seen.get(name.toLowerCase());
  if (first === undefined) return;
  throw new DefinitionNameTakenError(
    `${file} defines the agent "${name}", which ${first} defines already`,
    "Give one of them another name, or remove it.",
    { name, files: [first, file] },
  );
}

/** Deploys every definition of a directory, one after the other; a broken one stops no other, and of two with one name the first counts. */
export async function deployDirectory(
  services: FileDeployments,
  directory: string,
): Promise<readonly FileDeployment[]> {
  const seen: Seen = new Map();
  return deployEach(services, await definitionFiles(directory), seen);
}

/** Deploys the refused files of an earlier pass again; returns the outcome of every file of that pass. */
export async function redeployRefused(
  services: FileDeployments,
  earlier: readonly FileDeployment[],
): Promise<readonly FileDeployment[]> {
  const done = earlier.filter((each) => each.type !== "refused");
  const seen: Seen = new Map(done.map(({ agent, file }) => [agent.toLowerCase(), file]));
  const refused = earlier.filter((each) => each.type === "refused").map(({ file }) => file);
  return [...done, ...(await deployEach(services, refused, seen))];
}

async function deployEach(
  services: FileDeployments,
  files: readonly string[],
  seen: Seen,
): Promise<readonly FileDeployment[]> {
  const results: FileDeployment[] = [];
  for (const file of files) results.push(await deployFile(services, file, seen));
  return results;
}

const SETTLE_MS = 75;

/** Deploys definitions as they are saved, until disposed. Editors write in many ways; each file is read when it has been quiet for 75 ms. */
export class DefinitionWatcher implements Disposable {
  readonly #services: FileDeployments;
  readonly #directory: string;
  readonly #report: (deployment: FileDeployment) => void;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** Files whose last result was a rejection: their repair is reported even if it deploys nothing. */
  readonly #refused = new Set<string>();
  readonly #watcher: FSWatcher;

  constructor(services: FileDeployments, directory: string, report: (deployment: FileDeployment) => void) {
    this.#services = services;
    this.#directory = directory;
    this.#report = report;
    this.#watcher = watch(directory, { recursive: true }, (_event, name) => this.#changed(name));
    this.#watcher.on("error", (error) => log.warn({ err: error, directory }, "not all definitions are watched"));
  }

  #changed(name: string | null): void {
    if (name === null || !isDefinition(name)) return;
    clearTimeout(this.#timers.get(name));
    this.#timers.set(
      name,
      setTimeout(() => void this.#deploy(name), SETTLE_MS),
    );
  }

  /** Never rejects. A deleted file leaves its agent deployed until an operator deletes it. */
  async #deploy(name: string): Promise<void> {
    this.#timers.delete(name);
    const file = join(this.#directory, name);
    try {
      if (!(await isFile(file)) || !(await isMeantAsDefinition(file))) return;
      const deployment = await deployFile(this.#services, file);
      if (deployment.type === "refused" && !(await isFile(file))) return;
      const repaired = this.#refused.delete(name);
      if (deployment.type === "refused") this.#refused.add(name);
      if (deployment.type !== "unchanged" || repaired) this.#report(deployment);
    } catch (error) {
      log.error({ err: error, file }, "a definition could not be deployed");
    }
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }
}
