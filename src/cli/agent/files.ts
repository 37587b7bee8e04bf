import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { FileProblem } from "../../api/contract/index.ts";
import type { Problem } from "../../documents/index.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import { ServerProblem, unreadable } from "../client/index.ts";
import { UsageError } from "../frame/index.ts";

export type DefinitionSource = { readonly source: string; readonly fileName: string };

const TOML = /\.toml$/i;
const MARKDOWN = /\.(md|markdown)$/i;
const OTHER_TOML = /(^|[\\/])(caxton|tool)\.toml$|\.test\.toml$/i;
const FRONT_MATTER = /^\uFEFF?\s*---[ \t]*\r?\n/;

/** Definition files by path; a directory stands for those in it. Throws UnreadableFileError, UsageError. */
export async function readDefinitions(paths: readonly string[], command: string): Promise<DefinitionSource[]> {
  const sources = (await Promise.all(paths.map(readAt))).flat();
  if (sources.length === 0) throw new UsageError(`there is no definition in ${paths.join(", ")}`, command);
  return sources;
}

async function readAt(path: string): Promise<DefinitionSource[]> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!found.isDirectory()) return [await readOne(path)];
  const names = (await readdir(path)).filter((name) => TOML.test(name) || MARKDOWN.test(name)).toSorted();
  const sources = await Promise.all(names.map((name) => readOne(join(path, name))));
  return sources.filter(isDefinition);
}

/** What lies beside definitions is not one: notes in Markdown, the server's configuration. */
const isDefinition = ({ source, fileName }: DefinitionSource): boolean =>
  TOML.test(fileName) ? !OTHER_TOML.test(fileName) : FRONT_MATTER.test(source);

async function readOne(path: string): Promise<DefinitionSource> {
  try {
    return { source: await readFile(path, "utf8"), fileName: path };
  } catch (error) {
    throw unreadable(path, error);
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
  const { renderProblem } = await import("../../documents/index.ts");
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
