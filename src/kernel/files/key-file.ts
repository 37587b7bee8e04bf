import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { PRIVATE_FILE } from "./private-files.ts";

/**
 * Reads a key file. Creates it if it is missing, whole and readable by the server's user alone; if two are created at once, one of them is
 * kept.
 */
export function readKeyFile(file: string, create: () => string | Uint8Array): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, create(), { mode: PRIVATE_FILE, flush: true });
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  } finally {
    rmSync(draft);
  }
  return readFileSync(file);
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;
