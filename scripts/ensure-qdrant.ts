/**
 * Finds the parts of the tests' Qdrant, and installs what is missing: `npx node scripts/ensure-qdrant.ts`. Qdrant's engine and the
 * official client's models come, pinned, from Python's registry into node_modules/.cache. Says what to do where it cannot, and
 * ends with 1.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process, { stderr, stdout } from "node:process";

/** Of the client the models alone are used, which need nothing but pydantic. */
const PACKAGES = ["qdrant-edge-py==0.9.0", "qdrant-client==1.19.1"];
const MODELS = "pydantic==2.14.3";
const DIRECTORY = join(import.meta.dirname, "..", "node_modules", ".cache", "caxton-qdrant", PACKAGES.join("_"));
/** Written when all is there: an installation that was cut off is made again. */
const WHOLE = join(DIRECTORY, ".whole");

/** Where Python finds the packages that test/helpers/qdrant/server.py imports. */
export const QDRANT_PACKAGES = DIRECTORY;

/** Makes sure that the packages are there. Throws an Error that says what to install. */
export function ensureQdrant(): void {
  if (existsSync(WHOLE)) return;
  stderr.write("No Qdrant is here, which the tests of memory need: installing its engine.\n");
  mkdirSync(DIRECTORY, { recursive: true });
  try {
    const install = ["install", "--quiet", "--disable-pip-version-check", "--upgrade", "--target", DIRECTORY];
    execFileSync("pip3", [...install, "--no-deps", ...PACKAGES], { stdio: ["ignore", 2, 2] });
    execFileSync("pip3", [...install, MODELS], { stdio: ["ignore", 2, 2] });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `There is no Qdrant for the tests: ${why}. It needs Python 3.10 or newer with pip: apt-get install python3-pip`,
      { cause: error },
    );
  }
  writeFileSync(WHOLE, "");
}

if (import.meta.main) {
  try {
    ensureQdrant();
    stdout.write("qdrant: its engine is here\n");
  } catch (error) {
    stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
