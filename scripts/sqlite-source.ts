import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";

const Pin = z.strictObject({
  version: z.string(),
  /** A package of the registry that carries SQLite's source in one file, with its version. */
  package: z.string(),
  directory: z.string(),
  /** Names with their sha256. */
  files: z.record(z.string(), z.string()),
});

const sha256 = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");

/** Puts SQLite's source, as `pin` names it, into a directory, unless it is there. Throws when what comes is something else. */
export function ensureSqlite(pinFile: string, directory: string): void {
  const pin = Pin.parse(JSON.parse(readFileSync(pinFile, "utf8")));
  const isThere = Object.entries(pin.files).every(([name, hash]) => {
    const file = join(directory, name);
    return existsSync(file) && sha256(file) === hash;
  });
  if (isThere) return;
  const temp = mkdtempSync(join(tmpdir(), "caxton-sqlite-"));
  try {
    const packed = execFileSync("npm", ["pack", "--silent", pin.package], { cwd: temp, encoding: "utf8" }).trim();
    execFileSync("tar", ["xzf", packed], { cwd: temp });
    mkdirSync(directory, { recursive: true });
    for (const [name, hash] of Object.entries(pin.files)) {
      const source = join(temp, pin.directory, name);
      if (sha256(source) !== hash) throw new Error(`${name} of ${pin.package} is not the file that ${pinFile} names`);
      copyFileSync(source, join(directory, name));
    }
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
}
