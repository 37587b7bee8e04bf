/**
 * Installs the clients in Python that tests use, pinned, into node_modules/.cache: `npx node scripts/ensure-python-clients.ts`. Says what
 * to do where it cannot, and ends with 1.
 */
import { join } from "node:path";
import { ensurePython, ensurePythonOrExit, type PythonPackages } from "./python-packages.ts";

/** As pip takes them. */
export const PYTHON_CLIENT_PACKAGES = ["openai==2.54.0", "litellm==1.106.2"];

/** Where Python finds the packages. */
export const PYTHON_CLIENTS = join(
  import.meta.dirname,
  "..",
  "node_modules",
  ".cache",
  "caxton-python-clients",
  PYTHON_CLIENT_PACKAGES.join("_"),
);
const CLIENTS: PythonPackages = {
  name: "clients in Python",
  directory: PYTHON_CLIENTS,
  installs: [PYTHON_CLIENT_PACKAGES],
};

/** Makes sure that the packages are there. Throws an Error that says what to install. */
export const ensurePythonClients = (): void => ensurePython(CLIENTS);

if (import.meta.main) ensurePythonOrExit(CLIENTS);
