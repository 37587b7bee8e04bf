/**
 * Finds the parts of the tests' Qdrant, and installs what is missing: `npx node scripts/ensure-qdrant.ts`. Qdrant's engine and the
 * official client's models come, pinned, from Python's registry into node_modules/.cache. Says what to do where it cannot, and
 * ends with 1.
 */
import { join } from "node:path";
import { ensurePython, ensurePythonOrExit, type PythonPackages } from "./python-packages.ts";

/** Of the client the models alone are used, which need nothing but pydantic. */
const PACKAGES = ["qdrant-edge-py==0.9.0", "qdrant-client==1.19.1"];

/** Where Python finds the packages that test/helpers/qdrant/server.py imports. */
export const QDRANT_PACKAGES = join(
  import.meta.dirname,
  "..",
  "node_modules",
  ".cache",
  "caxton-qdrant",
  PACKAGES.join("_"),
);
const QDRANT: PythonPackages = {
  name: "Qdrant",
  directory: QDRANT_PACKAGES,
  installs: [["--no-deps", ...PACKAGES], ["pydantic==2.14.3"]],
};

/** Makes sure that the packages are there. Throws an Error that says what to install. */
export const ensureQdrant = (): void => ensurePython(QDRANT);

if (import.meta.main) ensurePythonOrExit(QDRANT);
