import type { CommandMaker } from "./frame/index.ts";

export const GROUPS = {
  start: "Get started:",
  work: "Work with agents and runs:",
  operate: "Operate:",
  configure: "Configure:",
} as const;

export type Entry = {
  readonly name: string;
  /** Aliases; not shown. */
  readonly also: readonly string[];
  readonly group: keyof typeof GROUPS;
  /** One line for `caxton --help`; empty for a command that is not shown there. */
  readonly summary: string;
  /** Loads the command's own file, so that a call costs only the command it calls. */
  readonly load: () => Promise<CommandMaker>;
};

/** Every top-level command, in the order of `caxton --help`. */
export const COMMANDS: readonly Entry[] = [
  {
    name: "init",
    also: [],
    group: "start",
    summary: "create a directory with a first agent",
    load: async () => (await import("./init.ts")).init,
  },
  {
    name: "dev",
    also: [],
    group: "start",
    summary: "run a server that redeploys agents when their files change",
    load: async () => (await import("./serve/index.ts")).dev,
  },
  {
    name: "serve",
    also: ["start"],
    group: "start",
    summary: "run the server",
    load: async () => (await import("./serve/index.ts")).serve,
  },
  {
    name: "run",
    also: ["runs"],
    group: "work",
    summary: "ask an agent and stream its answer; manage runs: run list|get|watch|cancel ...",
    load: async () => (await import("./run/index.ts")).run,
  },
  {
    name: "chat",
    also: [],
    group: "work",
    summary: "chat with an agent in the terminal",
    load: async () => (await import("./chat/index.ts")).chat,
  },
  {
    name: "agent",
    also: ["agents"],
    group: "work",
    summary: "list, deploy, validate, convert and delete agents",
    load: async () => (await import("./agent/index.ts")).agent,
  },
  {
    name: "approval",
    also: ["approvals"],
    group: "work",
    summary: "list, approve and deny tool calls that require approval",
    load: async () => (await import("./run/index.ts")).approval,
  },
  {
    name: "message",
    also: ["messages"],
    group: "work",
    summary: "send, stream and trace messages; manage dead letters",
    load: async () => (await import("./message/index.ts")).message,
  },
  {
    name: "mcp",
    also: [],
    group: "work",
    summary: "serve agents to editors and assistants as an MCP server",
    load: async () => (await import("./mcp/index.ts")).mcp,
  },
  {
    name: "acp",
    also: [],
    group: "work",
    summary: "serve agents to an editor by the Agent Client Protocol",
    load: async () => (await import("./acp/index.ts")).acp,
  },
  {
    name: "conversation",
    also: ["conversations"],
    group: "work",
    summary: "list, follow, archive and merge conversations",
    load: async () => (await import("./message/index.ts")).conversation,
  },
  {
    name: "capability",
    also: ["capabilities"],
    group: "work",
    summary: "list and register capabilities",
    load: async () => (await import("./message/index.ts")).capability,
  },
  {
    name: "participant",
    also: ["participants"],
    group: "work",
    summary: "register external programs and fetch their messages",
    load: async () => (await import("./message/index.ts")).participant,
  },
  {
    name: "remote-agent",
    also: ["remote-agents"],
    group: "work",
    summary: "add agents of other systems over Agent2Agent",
    load: async () => (await import("./message/index.ts")).remoteAgent,
  },
  {
    name: "thread",
    also: ["threads"],
    group: "work",
    summary: "hold lasting dialogues with agents",
    load: async () => (await import("./run/index.ts")).thread,
  },
  {
    name: "trigger",
    also: ["triggers"],
    group: "work",
    summary: "start runs of agents at times",
    load: async () => (await import("./trigger/index.ts")).trigger,
  },
  {
    name: "webhook",
    also: ["webhooks"],
    group: "work",
    summary: "send events to URLs",
    load: async () => (await import("./webhook/index.ts")).webhook,
  },
  {
    name: "subscription",
    also: ["subscriptions"],
    group: "work",
    summary: "manage topic subscriptions",
    load: async () => (await import("./message/index.ts")).subscription,
  },
  {
    name: "tool",
    also: ["tools"],
    group: "work",
    summary: "list and call tools; build, deploy and roll back tool servers",
    load: async () => (await import("./tool/index.ts")).tool,
  },
  {
    name: "task",
    also: ["tasks"],
    group: "work",
    summary: "distribute tasks by contract net or auction",
    load: async () => (await import("./task/index.ts")).task,
  },
  {
    name: "memory",
    also: ["memories"],
    group: "work",
    summary: "search and manage agent memory",
    load: async () => (await import("./memory/index.ts")).memory,
  },
  {
    name: "budget",
    also: ["budgets"],
    group: "work",
    summary: "show budgets and usage",
    load: async () => (await import("./budget/index.ts")).budget,
  },
  {
    name: "model",
    also: ["models"],
    group: "work",
    summary: "list models and providers, test a model",
    load: async () => (await import("./model/index.ts")).model,
  },
  {
    name: "template",
    also: ["templates"],
    group: "work",
    summary: "list the templates of caxton init",
    load: async () => (await import("./agent/index.ts")).template,
  },
  {
    name: "status",
    also: [],
    group: "operate",
    summary: "show server status",
    load: async () => (await import("./serve/index.ts")).status,
  },
  {
    name: "login",
    also: [],
    group: "operate",
    summary: "log in to a server",
    load: async () => (await import("./access/index.ts")).login,
  },
  {
    name: "logout",
    also: [],
    group: "operate",
    summary: "delete the stored key or login of a server",
    load: async () => (await import("./access/index.ts")).logout,
  },
  {
    name: "whoami",
    also: [],
    group: "operate",
    summary: "show your identity and role",
    load: async () => (await import("./access/index.ts")).whoami,
  },
  {
    name: "auth",
    also: [],
    group: "operate",
    summary: "show what you may do; list roles and permissions",
    load: async () => (await import("./access/index.ts")).auth,
  },
  {
    name: "security",
    also: [],
    group: "operate",
    summary: "create a private authority and certificates",
    load: async () => (await import("./security/index.ts")).security,
  },
  {
    name: "key",
    also: ["keys"],
    group: "operate",
    summary: "create, list, rotate and revoke API keys",
    load: async () => (await import("./access/index.ts")).key,
  },
  {
    name: "workspace",
    also: ["workspaces"],
    group: "operate",
    summary: "create, list, change and delete workspaces",
    load: async () => (await import("./access/index.ts")).workspace,
  },
  {
    name: "user",
    also: ["users"],
    group: "operate",
    summary: "list, disable and enable users",
    load: async () => (await import("./access/index.ts")).user,
  },
  {
    name: "login-link",
    also: [],
    group: "operate",
    summary: "create a one-time link to log in to the dashboard",
    load: async () => (await import("./access/index.ts")).loginLink,
  },
  {
    name: "secret",
    also: ["secrets"],
    group: "operate",
    summary: "store, list, rotate and delete secrets",
    load: async () => (await import("./access/index.ts")).secret,
  },
  {
    name: "audit",
    also: [],
    group: "operate",
    summary: "list, export and verify the audit log",
    load: async () => (await import("./access/index.ts")).audit,
  },
  {
    name: "context",
    also: ["contexts"],
    group: "operate",
    summary: "list and switch the servers that you logged in to",
    load: async () => (await import("./access/index.ts")).context,
  },
  {
    name: "health",
    also: [],
    group: "operate",
    summary: "check the health of the server; for probes",
    load: async () => (await import("./serve/index.ts")).health,
  },
  {
    name: "bench",
    also: ["benchmark"],
    group: "operate",
    summary: "measure message throughput and latency",
    load: async () => (await import("./bench/index.ts")).bench,
  },
  {
    name: "doctor",
    also: [],
    group: "operate",
    summary: "check this machine, the configuration and the server",
    load: async () => (await import("./serve/index.ts")).doctor,
  },
  {
    name: "conformance",
    also: [],
    group: "operate",
    summary: "show the suites and clients that each protocol was tested with",
    load: async () => (await import("./conformance.ts")).conformance,
  },
  {
    name: "config",
    also: [],
    group: "configure",
    summary: "view and validate the configuration",
    load: async () => (await import("./config.ts")).config,
  },
  {
    name: "completion",
    also: [],
    group: "configure",
    summary: "generate shell completion scripts",
    load: async () => (await import("./completion.ts")).completion,
  },
  {
    name: "complete",
    also: [],
    group: "configure",
    summary: "",
    load: async () => (await import("./complete.ts")).complete,
  },
  {
    name: "version",
    also: [],
    group: "configure",
    summary: "show the versions of this command and of the server",
    load: async () => (await import("./version.ts")).version,
  },
];

/** Returns the command of a name or alias. */
export const findCommand = (name: string | undefined): Entry | undefined =>
  COMMANDS.find((entry) => entry.name === name || (name !== undefined && entry.also.includes(name)));
