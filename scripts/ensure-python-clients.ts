/**
 * Installs the clients in Python that tests use, pinned, into node_modules/.cache: `npx node scripts/ensure-python-clients.ts`. Says what
 * to do where it cannot, and ends with 1.
 */
import { join } from "node:path";
import { ensurePython, ensurePythonOrExit, type PythonPackages } from "./python-packages.ts";

/** As pip takes them, with the protocol that they speak and the test that uses them. */
export const PYTHON_CLIENT_PACKAGES = [
  { protocol: "OpenAI", name: "openai", version: "2.54.0", test: "chat" },
  { protocol: "OpenAI", name: "litellm", version: "1.106.2", test: "chat" },
  { protocol: "A2A", name: "a2a-sdk", extras: "[grpc,signing,encryption]", version: "1.3.0", test: "agent2agent" },
] as const satisfies readonly Package[];
type Package = {
  readonly protocol: string;
  readonly name: string;
  /** Optional parts of the package. */
  readonly extras?: string;
  readonly version: string;
  readonly test: string;
};

/** Where Python finds the packages. */
export const PYTHON_CLIENTS = join(
  import.meta.dirname,
  "..",
  "node_modules",
  ".cache",
  "caxton-python-clients",
  PYTHON_CLIENT_PACKAGES.map(({ name, version }) => `${name}-${version}`).join("_"),
);
const CLIENTS: PythonPackages = {
  name: "clients in Python",
  directory: PYTHON_CLIENTS,
  installs: [
    PYTHON_CLIENT_PACKAGES.map(({ name, version, ...more }: Package) => `${name}${more.extras ?? ""}==${version}`),
  ],
};

/** Makes sure that the packages are there. Throws an Error that says what to install. */
export const ensurePythonClients = (): void => ensurePython(CLIENTS);

if (import.meta.main) ensurePythonOrExit(CLIENTS);
