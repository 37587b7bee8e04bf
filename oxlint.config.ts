import { posix } from "node:path";
import { defineConfig, type OxlintOverride } from "oxlint";

/** Which rooms each room may import. Kernel files are open; every other room only by its index.ts. docs/architecture.md explains it. */
const ROOMS = {
  kernel: [],
  documents: ["kernel"],
  changes: ["kernel"],
  permissions: ["kernel", "documents"],
  budgets: ["kernel", "documents"],
  context: ["kernel"],
  agents: ["kernel", "documents", "permissions", "budgets", "context"],
  "tools/grants": ["kernel"],
  tools: ["kernel", "documents", "tools/grants"],
  "tool-servers": ["kernel", "documents", "tools"],
  runs: ["kernel", "agents", "tools", "permissions", "budgets", "context"],
  "model-traffic": ["kernel", "runs"],
  "sandbox/meter": ["kernel"],
  "sandbox/wire": ["kernel"],
  "sandbox/wasi": ["kernel", "sandbox/wire"],
  "sandbox/components": ["sandbox/wire", "sandbox/wasi"],
  "sandbox/components/system": ["sandbox/wire", "sandbox/wasi", "sandbox/components"],
  "sandbox/guest": [
    "kernel",
    "sandbox/meter",
    "sandbox/wire",
    "sandbox/wasi",
    "sandbox/components",
    "sandbox/components/system",
  ],
  sandbox: ["kernel", "tools", "tool-servers", "sandbox/meter", "sandbox/wire"],
  "backends/sqlite": [
    "kernel",
    "changes",
    "permissions",
    "budgets",
    "agents",
    "tools",
    "tool-servers",
    "runs",
    "sandbox",
  ],
  "backends/disk": ["kernel", "tools", "runs", "sandbox"],
  "backends/network": ["kernel", "tools", "sandbox"],
  "backends/mcp": ["kernel", "tools", "tool-servers"],
  "backends/models": ["kernel", "runs", "backends/models/mock"],
  "backends/models/mock": ["kernel", "runs", "backends/models/mock/language"],
  "backends/models/mock/language": ["kernel"],
  toolkit: ["kernel", "documents", "tools", "tool-servers", "sandbox", "backends/disk", "backends/network"],
  "api/contract": ["kernel"],
  "agent-tests": ["kernel", "documents", "tools", "api/contract"],
  "api/operations": [
    "kernel",
    "changes",
    "documents",
    "permissions",
    "budgets",
    "agents",
    "tools",
    "tool-servers",
    "runs",
    "api/contract",
  ],
  "api/http": ["kernel", "permissions", "runs", "api/contract", "api/operations"],
  server: [
    "kernel",
    "agent-tests",
    "changes",
    "documents",
    "permissions",
    "budgets",
    "agents",
    "tools",
    "tool-servers",
    "runs",
    "context",
    "model-traffic",
    "sandbox",
    "backends/sqlite",
    "backends/disk",
    "backends/network",
    "backends/mcp",
    "backends/models",
    "api/contract",
    "api/operations",
    "api/http",
  ],
  "server/environment": [],
  "cli/terminal": ["kernel"],
  "cli/client": ["kernel", "api/contract"],
  "cli/frame": ["kernel", "documents", "api/contract", "cli/terminal", "cli/client"],
  "cli/run": ["kernel", "api/contract", "cli/terminal", "cli/client", "cli/frame"],
  "cli/agent": [
    "kernel",
    "documents",
    "agents",
    "agent-tests",
    "api/contract",
    "server",
    "cli/terminal",
    "cli/client",
    "cli/frame",
  ],
  "cli/budget": ["kernel", "api/contract", "cli/terminal", "cli/client", "cli/frame"],
  "cli/tool": [
    "kernel",
    "documents",
    "tools",
    "tool-servers",
    "toolkit",
    "api/contract",
    "server",
    "cli/terminal",
    "cli/client",
    "cli/frame",
  ],
  "cli/serve": [
    "kernel",
    "documents",
    "agents",
    "api/contract",
    "server",
    "server/environment",
    "cli/terminal",
    "cli/client",
    "cli/frame",
  ],
  cli: [
    "kernel",
    "documents",
    "agents",
    "agent-tests",
    "api/contract",
    "server",
    "server/environment",
    "cli/terminal",
    "cli/client",
    "cli/frame",
    "cli/run",
    "cli/agent",
    "cli/budget",
    "cli/tool",
    "cli/serve",
  ],
} as const;

const nested = (room: string) => Object.keys(ROOMS).filter((other) => other.startsWith(`${room}/`));

// The last override that matches a file decides, so a room comes before the rooms inside it.
const outerFirst = Object.entries(ROOMS).toSorted(([one], [other]) => one.length - other.length);

const rooms = outerFirst.map(([room, allowed]): OxlintOverride => {
  const doors = allowed.map((name) => {
    const path = posix.relative(room, name);
    return `!${path.startsWith(".") ? path : `./${path}`}/${name === "kernel" ? "**" : "index.ts"}`;
  });
  const message = `${room} may import, by the door: ${allowed.join(" ") || "nothing"}`;
  const inner = nested(room).map((name) => `./${posix.relative(room, name)}/**`);
  return {
    files: [`src/${room}/**`],
    rules: { "no-restricted-imports": ["error", { patterns: [{ group: ["../**", ...inner, ...doors], message }] }] },
  };
});

export default defineConfig({
  plugins: ["typescript", "import", "unicorn", "promise", "node", "vitest"],
  categories: { correctness: "error", suspicious: "error" },
  options: { typeAware: true },
  rules: {
    "import/no-cycle": "error",
    "import/no-default-export": "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/switch-exhaustiveness-check": "error",
    "typescript/only-throw-error": "error",
    "typescript/no-explicit-any": "error",
    "typescript/no-unsafe-type-assertion": "error",
    "typescript/no-non-null-assertion": "error",
    "unicorn/filename-case": ["error", { case: "kebabCase" }],
    "node/no-process-env": "error",
    "no-console": "error",
    "max-lines": ["error", { max: 400, skipComments: true }],
    "max-lines-per-function": ["error", { max: 70 }],
    "max-params": ["error", { max: 4 }],
    "vitest/valid-expect": ["error", { maxArgs: 2 }],
    "typescript/consistent-return": "off",
    "unicorn/require-post-message-target-origin": "off",
  },
  ignorePatterns: ["dist/**", "dashboard/dist/**", "tools/**", "**/node_modules/**"],
  overrides: [
    ...rooms,
    {
      files: ["dashboard/**"],
      rules: {
        "no-restricted-imports": [
          "error",
          {
            patterns: [
              { group: ["**/src/**", "!**/src/api/contract/index.ts"], message: "dashboard knows only api/contract" },
            ],
          },
        ],
      },
    },
    // Tests start the machine's own programs, which need its environment.
    { files: ["test/**"], rules: { "node/no-process-env": "off" } },
    { files: ["src/server/config.ts", "src/server/environment/index.ts"], rules: { "node/no-process-env": "off" } },
    {
      files: ["**/*.config.ts", "vitest.reporter.ts", "examples/tools/**"],
      rules: { "import/no-default-export": "off" },
    },
    { files: ["**/*.test.ts", "**/*.test.tsx"], rules: { "max-lines": "off", "max-lines-per-function": "off" } },
  ],
});
