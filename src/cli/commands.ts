import type { CommandMaker } from "./frame/index.ts";

export const GROUPS = {
  start: "Get started:",
  work: "Work with agents and runs:",
  operate: "Operate:",
  configure: "Configure:",
} as const;

export type Entry = {
  readonly name: string;
  /** Other names it answers to; not shown. */
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
    summary: "make a directory with a first agent in it",
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
    summary: "ask an agent and stream its answer; see and stop runs: run list|get|watch|cancel ...",
    load: async () => (await import("./run/index.ts")).run,
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
    summary: "list, approve and deny calls of tools that wait for a person",
    load: async () => (await import("./run/index.ts")).approval,
  },
  {
    name: "message",
    also: ["messages"],
    group: "work",
    summary: "send messages to agents, follow them, see what could not be delivered",
    load: async () => (await import("./message/index.ts")).message,
  },
  {
    name: "conversation",
    also: ["conversations"],
    group: "work",
    summary: "what agents said to each other, and what their protocols expect next",
    load: async () => (await import("./message/index.ts")).conversation,
  },
  {
    name: "capability",
    also: ["capabilities"],
    group: "work",
    summary: "what can be asked for, and who provides it",
    load: async () => (await import("./message/index.ts")).capability,
  },
  {
    name: "participant",
    also: ["participants"],
    group: "work",
    summary: "programs outside that take part in conversations",
    load: async () => (await import("./message/index.ts")).participant,
  },
  {
    name: "subscription",
    also: ["subscriptions"],
    group: "work",
    summary: "who gets what is published under a topic",
    load: async () => (await import("./message/index.ts")).subscription,
  },
  {
    name: "tool",
    also: ["tools"],
    group: "work",
    summary: "list and call tools; deploy tool servers, check them, roll them back; write new ones",
    load: async () => (await import("./tool/index.ts")).tool,
  },
  {
    name: "task",
    also: ["tasks"],
    group: "work",
    summary: "offer work to several; the best proposal gets it",
    load: async () => (await import("./task/index.ts")).task,
  },
  {
    name: "memory",
    also: ["memories"],
    group: "work",
    summary: "what agents know: search, add, relate, see who said what, revert, forget",
    load: async () => (await import("./memory/index.ts")).memory,
  },
  {
    name: "budget",
    also: ["budgets"],
    group: "work",
    summary: "what runs used and may use: tokens, USD, tool calls, time, fuel",
    load: async () => (await import("./budget/index.ts")).budget,
  },
  {
    name: "model",
    also: ["models"],
    group: "work",
    summary: "list models and their providers, and test whether one works",
    load: async () => (await import("./model/index.ts")).model,
  },
  {
    name: "template",
    also: ["templates"],
    group: "work",
    summary: "list what caxton init can start from",
    load: async () => (await import("./agent/index.ts")).template,
  },
  {
    name: "status",
    also: [],
    group: "operate",
    summary: "the server on one screen",
    load: async () => (await import("./serve/index.ts")).status,
  },
  {
    name: "health",
    also: [],
    group: "operate",
    summary: "exit 0 when the server is well, 1 when not; for probes",
    load: async () => (await import("./serve/index.ts")).health,
  },
  {
    name: "bench",
    also: ["benchmark"],
    group: "operate",
    summary: "measure what this server carries: messages a second, and how long they take",
    load: async () => (await import("./bench/index.ts")).bench,
  },
  {
    name: "doctor",
    also: [],
    group: "operate",
    summary: "check this machine, the configuration and the server, and say how to fix what is wrong",
    load: async () => (await import("./serve/index.ts")).doctor,
  },
  {
    name: "config",
    also: [],
    group: "configure",
    summary: "view and validate the configuration; config view|validate|schema|path",
    load: async () => (await import("./config.ts")).config,
  },
  {
    name: "completion",
    also: [],
    group: "configure",
    summary: "make the shell complete commands and agent names",
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
    summary: "versions of this command and of the server",
    load: async () => (await import("./version.ts")).version,
  },
];

/** The command of a name or other name. */
export const findCommand = (name: string | undefined): Entry | undefined =>
  COMMANDS.find((entry) => entry.name === name || (name !== undefined && entry.also.includes(name)));
