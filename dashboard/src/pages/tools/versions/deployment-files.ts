import type { FileProblem } from "../../../../../src/api/contract/index.ts";
import { toProblem } from "../../../api/client.ts";
import { isRecord } from "../call/form-field.ts";

/** What is chosen to be deployed; each part may still be missing. */
export type DeploymentFiles = {
  readonly module: File | undefined;
  readonly manifest: string;
  readonly signature: { readonly name: string; readonly text: string } | undefined;
};

export const NO_FILES: DeploymentFiles = { module: undefined, manifest: "", signature: undefined };

/** The files that were there with those that were added, each in its place by its name's end; and names that fit nowhere. */
export async function takeFiles(
  before: DeploymentFiles,
  added: readonly File[],
): Promise<{ readonly files: DeploymentFiles; readonly unknown: readonly string[] }> {
  let files = before;
  const unknown: string[] = [];
  for (const file of added) {
    if (file.name.endsWith(".wasm")) files = { ...files, module: file };
    else if (file.name.endsWith(".toml")) files = { ...files, manifest: await file.text() };
    else if (file.name.endsWith(".sig")) files = { ...files, signature: { name: file.name, text: await file.text() } };
    else unknown.push(file.name);
  }
  return { files, unknown };
}

const isFileProblem = (value: unknown): value is FileProblem =>
  isRecord(value) && typeof value["rendered"] === "string" && typeof value["line"] === "number";

/** Problems of a manifest by line, from the error of the server. */
export function manifestProblems(error: unknown): readonly FileProblem[] {
  if (error === null) return [];
  const { problems } = toProblem(error).details;
  return Array.isArray(problems) ? problems.filter(isFileProblem) : [];
}
