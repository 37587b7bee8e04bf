/**
 * What `caxton conformance` prints: `src/cli/conformance.json`. `npx node scripts/conformance-record.ts` counts again the tests of each client, in the
 * files below, and reads its version; the suites write their own counts (`scripts/conformance.ts --record`, `test/tools/wasi/suite.ts --record`).
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import * as z from "zod";
import { JADE_VERSION } from "./ensure-jade.ts";
import { PYTHON_CLIENT_PACKAGES } from "./ensure-python-clients.ts";
import { GRPCURL_VERSION } from "./ensure-toolchains.ts";
import { tempDirectory } from "../test/helpers/temp.ts";

const ROOT = join(import.meta.dirname, "..");
const FILE = join(ROOT, "src/cli/conformance.json");
const VITEST = join(ROOT, "node_modules/vitest/vitest.mjs");
const OXFMT = join(ROOT, "node_modules/oxfmt/bin/oxfmt");

const Suite = z.strictObject({
  protocol: z.string(),
  suite: z.string(),
  version: z.string(),
  /** Which of its scenarios. */
  part: z.string(),
  passed: z.int().min(0),
  total: z.int().min(1),
});
const Client = z.strictObject({
  protocol: z.string(),
  client: z.string(),
  version: z.string(),
  tests: z.int().min(1),
  files: z.array(z.string()).min(1),
});
const Conformance = z.strictObject({ suites: z.array(Suite), clients: z.array(Client) });
export type Suite = z.infer<typeof Suite>;
type Client = z.infer<typeof Client>;

/** Tests of a file: all, or those whose names fit. */
type Tests = string | { readonly file: string; readonly names: RegExp };
type Source = {
  readonly protocol: string;
  readonly client: string;
  /** For a client that is no package of package-lock.json. */
  readonly version?: string;
  readonly tests: readonly Tests[];
};

const openai = (file: string, names?: RegExp): Tests => {
  const path = `test/api/openai/${file}.test.ts`;
  return names === undefined ? path : { file: path, names };
};
const CONNECT = { file: "test/grpc/grpc.test.ts", names: /^Connect's client/ };
const REMOTE = ["auth", "hostile", "http", "lasting-questions", "process", "questions", "resources", "secrets"].map(
  (name) => `test/tools/remote/${name}.test.ts`,
);
const MCP = [
  "agents",
  "cancellation",
  "delegates",
  "exposed",
  "list-changes",
  "protected-resource",
  "questions",
  "resources",
  "tasks",
  "tools",
].map((name) => `test/api/mcp/${name}.test.ts`);

const SOURCES: readonly Source[] = [
  {
    protocol: "OpenAI",
    client: "openai",
    tests: [
      openai("chat"),
      openai("models"),
      openai("embeddings", /^(?!LangChain)/),
      openai("responses", /^(?!the AI SDK|LangChain)/),
      openai("conversations", /^(?!the agents package)/),
      openai("clients", /Agents/),
      openai("continuations"),
      openai("parallel-streams"),
      openai("repeats"),
    ],
  },
  {
    protocol: "OpenAI",
    client: "@openai/agents",
    tests: [openai("clients", /Agents/), openai("responses", /Agents/), openai("conversations", /agents package/)],
  },
  { protocol: "OpenAI", client: "@ai-sdk/openai", tests: [openai("responses", /AI SDK/)] },
  { protocol: "OpenAI", client: "@ai-sdk/openai-compatible", tests: [openai("clients", /AI SDK gets/)] },
  {
    protocol: "OpenAI",
    client: "@langchain/openai",
    tests: ["clients", "embeddings", "responses"].map((file) => openai(file, /LangChain/)),
  },
  ...PYTHON_CLIENT_PACKAGES.map(({ protocol, name, version, test }) => ({
    protocol,
    client: `${name} (Python)`,
    version,
    tests: [`test/api/python/${test}.test.ts`],
  })),
  {
    protocol: "MCP server",
    client: "@modelcontextprotocol/client",
    tests: [...MCP, "test/cli/mcp.test.ts", { file: "test/api/go/one-server.test.ts", names: /MCP/ }],
  },
  { protocol: "MCP client", client: "@modelcontextprotocol/server", tests: REMOTE },
  {
    protocol: "A2A",
    client: "@a2a-js/sdk",
    tests: ["cards", "client", "delegates", "grpc", "kill", "push", "refusals"].map(
      (file) => `test/api/a2a/${file}.test.ts`,
    ),
  },
  { protocol: "A2A", client: "@grpc/grpc-js", tests: ["test/api/a2a/grpc.test.ts"] },
  {
    protocol: "A2A 0.3",
    client: "@a2a-js/sdk",
    version: lockedVersion("a2a-sdk-legacy"),
    tests: ["test/api/a2a/legacy.test.ts"],
  },
  {
    protocol: "A2A client",
    client: "@a2a-js/sdk",
    tests: ["delegation", "kill", "remote-agents", "trust"].map((file) => `test/remotes/${file}.test.ts`),
  },
  {
    protocol: "AG-UI",
    client: "@ag-ui/client",
    tests: ["agui", "delegates"].map((file) => `test/api/agui/${file}.test.ts`),
  },
  {
    protocol: "ACP",
    client: "@agentclientprotocol/sdk",
    tests: ["acp", "delegates", "files", "restart"].map((file) => `test/api/acp/${file}.test.ts`),
  },
  {
    protocol: "REST",
    client: "caxton-server/client",
    version: ownVersion(),
    tests: ["client", "cross-origin", "guide"].map((file) => `test/client/${file}.test.ts`),
  },
  {
    protocol: "gRPC",
    client: "@grpc/grpc-js",
    tests: ["documents", "grpc", "http2", "standards"].map((file) => `test/grpc/${file}.test.ts`),
  },
  { protocol: "gRPC", client: "@connectrpc/connect-node", tests: [CONNECT] },
  { protocol: "gRPC", client: "grpcurl", version: GRPCURL_VERSION, tests: ["test/api/go/grpcurl.test.ts"] },
  { protocol: "gRPC-Web", client: "@connectrpc/connect-node", tests: [CONNECT] },
  { protocol: "Connect", client: "@connectrpc/connect-node", tests: [CONNECT] },
  { protocol: "FIPA", client: "JADE", version: JADE_VERSION, tests: ["test/api/fipa/jade.test.ts"] },
  {
    protocol: "Standard Webhooks",
    client: "standardwebhooks",
    tests: [{ file: "test/webhooks/webhooks.test.ts", names: /Standard Webhooks/ }],
  },
];

function ownVersion(): string {
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"))).version;
}

/** The version of a package in package-lock.json. Throws an Error for one that is not there. */
export function lockedVersion(name: string): string {
  const Lock = z.object({ packages: z.record(z.string(), z.object({ version: z.string().optional() })) });
  const { packages } = Lock.parse(JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")));
  const version = packages[`node_modules/${name}`]?.version;
  if (version === undefined) throw new Error(`package-lock.json has no package ${name}`);
  return version;
}

/** Every client with its version and the number of its tests now. Throws an Error when tests that are named here are gone. */
export function countClients(): readonly Client[] {
  const files = [...new Set(SOURCES.flatMap(({ tests }) => tests.map(fileOf)))];
  using temp = tempDirectory();
  const list = join(temp.path, "tests.json");
  execFileSync(process.execPath, [VITEST, "list", `--json=${list}`, ...files], { cwd: ROOT, stdio: "pipe" });
  const Listed = z.array(z.object({ name: z.string(), file: z.string() }));
  const listed = Listed.parse(JSON.parse(readFileSync(list, "utf8"))).map(({ name, file }) => ({
    name,
    file: relative(ROOT, file),
  }));
  const count = (tests: Tests): number => {
    const fitting = listed.filter(
      ({ name, file }) => file === fileOf(tests) && (typeof tests === "string" || tests.names.test(name)),
    );
    if (fitting.length === 0)
      throw new Error(`scripts/conformance-record.ts names tests of ${fileOf(tests)} that are not there`);
    return fitting.length;
  };
  return SOURCES.map(({ protocol, client, version, tests }) => ({
    protocol,
    client,
    version: version ?? lockedVersion(client),
    tests: tests.reduce((sum, each) => sum + count(each), 0),
    files: tests.map(fileOf),
  }));
}

const fileOf = (tests: Tests): string => (typeof tests === "string" ? tests : tests.file);

export const readConformance = (): z.infer<typeof Conformance> =>
  Conformance.parse(JSON.parse(readFileSync(FILE, "utf8")));

function write(conformance: z.infer<typeof Conformance>): void {
  writeFileSync(FILE, JSON.stringify(conformance, null, 2));
  execFileSync(process.execPath, [OXFMT, FILE], { cwd: ROOT, stdio: "pipe" });
}

/** Replaces the recorded results of the suites of these protocols. */
export function recordSuites(results: readonly Suite[]): void {
  const { suites, clients } = readConformance();
  const replaced = new Set(results.map(({ protocol }) => protocol));
  const kept = suites.filter(({ protocol }) => !replaced.has(protocol));
  write({
    suites: [...kept, ...results].toSorted((one, other) => one.protocol.localeCompare(other.protocol, "en")),
    clients,
  });
}

if (import.meta.main) write({ suites: readConformance().suites, clients: [...countClients()] });
