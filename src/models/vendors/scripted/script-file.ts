import { readFile } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { ScriptInvalidError } from "../errors.ts";

/** The text of a script inside the directory of scripts. Throws ScriptInvalidError. */
export async function readScript(directory: string | undefined, file: string): Promise<string> {
  const unreadable = (reason: string, cause?: unknown) =>
    new ScriptInvalidError(
      `the script ${file} cannot be read: ${reason}`,
      "Scripts are files inside the configured directory of scripts.",
      { file, problems: [reason] },
      { cause },
    );
  if (directory === undefined) throw unreadable("no directory of scripts is configured");
  const path = join(directory, file);
  const inside = relative(directory, path);
  if (isAbsolute(inside) || inside === ".." || inside.startsWith(`..${sep}`))
    throw unreadable("it is outside the directory of scripts");
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw unreadable(isMissing(error) ? "there is no such file" : "the file could not be opened", error);
  }
}

const isMissing = (error: unknown) => error instanceof Error && "code" in error && error.code === "ENOENT";
