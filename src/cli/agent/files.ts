import { readFile, readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import * as z from "zod";
import type { FileProblem } from "../../api/contract/index.ts";
import type { Problem } from "../../text/documents/index.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { ServerProblem, unreadable } from "../client/index.ts";
import { UsageError } from "../frame/index.ts";
import { safeText, type Terminal } from "../terminal/index.ts";

export type DefinitionSource = { readonly source: string; readonly fileName: string };

const FIELDS = /\.(toml|ya?ml)$/i;
const MARKDOWN = /\.(md|markdown)$/i;
const OTHER_FILE = /(^|[\\/])(caxton\.(toml|ya?ml)|tool\.toml|(docker-)?compose(\.[\w-]+)?\.ya?ml)$/i;
const TEST_FILE = /\.test\.(toml|ya?ml|json)$/i;
const FRONT_MATTER = /^\uFEFF?\s*---[ \t]*\r?\n/;

/**
 * Definition files by path, each once; a directory stands for those in it. Test files, which `*.toml` names too, are
 * skipped. Throws UnreadableFileError, DefinitionTooLargeError, UsageError.
 */
export async function readDefinitions(
  paths: readonly string[],
  command: string,
  terminal: Terminal,
): Promise<DefinitionSource[]> {
  const { tests = [], others = [] } = Object.groupBy(paths, (path) => (TEST_FILE.test(path) ? "tests" : "others"));
  const found = (await Promise.all(others.map(readAt))).flat();
  const sources = [...new Map(found.map((file) => [resolve(file.fileName), file])).values()];
  if (sources.length === 0) throw new UsageError(`there is no definition in ${paths.join(", ")}`, command);
  for (const file of tests) terminal.note(`skipped ${safeText(file)}: a test file`);
  return sources;
}

async function readAt(path: string): Promise<DefinitionSource[]> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!found.isDirectory()) return [await readOne(path)];
  const names = (await readdir(path)).filter((name) => FIELDS.test(name) || MARKDOWN.test(name)).toSorted();
  const sources = await Promise.all(names.map((name) => readOne(join(path, name))));
  return sources.filter(isDefinition);
}

/** What lies beside definitions is not one: notes in Markdown, the server's configuration. */
const isDefinition = ({ source, fileName }: DefinitionSource): boolean =>
  FIELDS.test(fileName) ? !OTHER_FILE.test(fileName) && !TEST_FILE.test(fileName) : FRONT_MATTER.test(source);

async function readOne(path: string): Promise<DefinitionSource> {
  const source = await readFile(path, "utf8").catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const bytes = Buffer.byteLength(source);
  if (bytes > LIMITS.definitionBytesMax) {
    const { DefinitionTooLargeError } = await import("../../agents/definitions/index.ts");
    throw new DefinitionTooLargeError(path, bytes, LIMITS.definitionBytesMax);
  }
  return { source, fileName: path };
}

type Duplicate = { readonly files: readonly [string, string]; readonly rendered: string };

/** Files whose agent an earlier file defines, names compared without regard to case. */
export function duplicatesAmong(
  files: readonly { readonly fileName: string; readonly name: string | null }[],
): readonly Duplicate[] {
  const firstFiles = new Map<string, string>();
  return files.flatMap(({ fileName, name }) => {
    if (name === null) return [];
    const first = firstFiles.get(name.toLowerCase());
    firstFiles.set(name.toLowerCase(), first ?? fileName);
    if (first === undefined) return [];
    const rendered = `${fileName} defines the agent "${name}", which ${first} defines already`;
    return [{ files: [first, fileName], rendered }];
  });
}

/** Several files of one command define the same agent. */
export class DuplicateDefinitionError extends CaxtonError<{ readonly problems: readonly Duplicate[] }> {
  readonly code = "DEFINITION_NAME_TAKEN";
  readonly kind = "conflict";
  constructor(duplicates: readonly Duplicate[]) {
    const count = duplicates.length;
    super(
      `${count === 1 ? "a file defines" : `${count} files define`} an agent of another file; none was deployed`,
      "give each agent its own name, or name the files to deploy",
      { problems: duplicates },
    );
  }
}

/** A definition the server or this command found wanting, its problems shown with the lines they are on. */
export class DefinitionProblemsError extends CaxtonError<{ readonly problems: readonly { rendered: string }[] }> {
  readonly code = "DEFINITION_INVALID";
  readonly kind = "rejected";
}

const Problems = z.object({
  problems: z.array(
    z.object({
      severity: z.enum(["error", "warning"]),
      code: z.string(),
      path: z.string(),
      message: z.string(),
      fix: z.string(),
      file: z.string(),
      line: z.int(),
      column: z.int(),
      length: z.int(),
    }),
  ),
});

/** The server's refusal of a definition with the lines its problems are on; any other error as it is. */
export async function withSourceLines(error: unknown, { source, fileName }: DefinitionSource): Promise<unknown> {
  if (!(error instanceof ServerProblem) || error.code !== "DEFINITION_INVALID") return error;
  const found = Problems.safeParse(error.details.details);
  if (!found.success) return error;
  const { renderProblem } = await import("../../text/documents/index.ts");
  return invalidDefinition(fileName, found.data.problems, (problem) =>
    renderProblem(problem, source, { colour: false }),
  );
}

export function invalidDefinition<Found extends Problem | FileProblem>(
  fileName: string,
  problems: readonly Found[],
  render: (problem: Found) => string,
  hint = `fix the file, then check it with: caxton agent validate ${fileName}`,
): DefinitionProblemsError {
  const count = problems.filter(({ severity }) => severity === "error").length;
  return new DefinitionProblemsError(`${fileName} has ${count === 1 ? "an error" : `${count} errors`}`, hint, {
    problems: problems.map((problem) => ({ ...problem, rendered: render(problem) })),
  });
}
