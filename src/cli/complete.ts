import type { RootCommand } from "@bomb.sh/tab";
import * as z from "zod";
import { operations } from "../api/contract/index.ts";
import { everyCommand } from "./command-line.ts";
import { act, type CommandMaker, type Context, pathsFrom } from "./frame/index.ts";

// A shell waits for this with every press of the tab key.
const ANSWER_MS_MAX = 600;

type Names = {
  readonly agents: readonly string[];
  readonly tools: readonly string[];
  readonly servers: readonly string[];
  readonly entities: readonly string[];
  readonly templates: readonly string[];
  readonly workspaces: readonly string[];
};

/** `caxton complete -- <words>`, called by the script of `caxton completion`: what the last word may become. Never fails. */
export const complete: CommandMaker = (command, invocation) => {
  command.argument("[words...]", "the command line so far").allowUnknownOption();
  act(command, invocation, {
    input: z.object({ words: z.array(z.string()).default([]) }),
    formats: ["text"],
    run: async (context) => {
      const words = invocation.rest.filter((word, index) => index > 0 || word !== "--");
      const [{ default: tab }, root] = await Promise.all([
        import("@bomb.sh/tab/commander"),
        // It brings commands of these names itself.
        everyCommand(invocation.processContext, ["complete", "completion"]),
      ]);
      const completions = tab(root, { completionCommandName: "completion" });
      for (const { options } of completions.commands.values())
        for (const [name, option] of completions.options) if (!options.has(name)) options.set(name, option);
      addNames(completions, await namesFor(context, words));
      addPaths(completions, words.at(-1) ?? "");
      completions.parse([...words]);
    },
  });
};

async function namesFor({ client }: Context, words: readonly string[]): Promise<Names> {
  const [first = ""] = words.filter((word) => !word.startsWith("-"));
  const wanted = (names: readonly string[]) => names.includes(first);
  const timeoutMs = ANSWER_MS_MAX;
  const servers = wanted(["tool", "tools"])
    ? await client.call(operations.tool.list, {}, { timeoutMs }).then(
        ({ value }) => value.items,
        () => [],
      )
    : [];
  return {
    agents: wanted(["run", "chat", "agent", "agents", "budget", "budgets"])
      ? await client.call(operations.agent.list, { limit: 200 }, { timeoutMs }).then(
          ({ value }) => value.items.map(({ name }) => name),
          () => [],
        )
      : [],
    tools: servers.flatMap((server) => server.tools.map(({ id }) => id)),
    servers: servers.map(({ name }) => name),
    entities: wanted(["memory", "memories"])
      ? await client.call(operations.memory.list, { limit: 200 }, { timeoutMs }).then(
          ({ value }) => value.items.map(({ name }) => name),
          () => [],
        )
      : [],
    workspaces:
      wanted(["workspace", "workspaces"]) || words.at(-2) === "--workspace"
        ? await client
            .inWorkspace(undefined)
            .call(operations.workspace.list, { limit: 200 }, { timeoutMs })
            .then(
              ({ value }) => value.items.map(({ name }) => name),
              () => [],
            )
        : [],
    templates: wanted(["init"])
      ? (await import("../agents/definitions/index.ts")).TEMPLATES.map(({ name }) => name)
      : [],
  };
}

const TAKES_AGENT = [
  ["run", "agent"],
  ["chat", "agent"],
  ["agent get", "agent"],
  ["agent delete", "agent"],
  ["agent revisions", "agent"],
  ["budget get", "agent"],
] as const;
const TAKES_TOOL = [
  ["tool get", "tool"],
  ["tool call", "tool"],
] as const;
const TAKES_SERVER = ["logs", "versions", "diff", "accept", "activate", "pause", "resume", "delete", "health"] as const;
const TAKES_ENTITY = [
  ["get", "name"],
  ["revise", "entity"],
  ["withdraw", "name"],
  ["relate", "from"],
  ["relate", "to"],
  ["graph", "name"],
  ["log", "name"],
  ["diff", "name"],
  ["blame", "name"],
  ["revert", "name"],
  ["forget", "name"],
] as const;
const TAKES_RUN = ["run get", "run watch", "run cancel", "run decide"] as const;

const offer = (values: readonly string[]) => (add: (value: string, description: string) => void) => {
  for (const value of values) add(value, "");
};

function addNames(completions: RootCommand, names: Names): void {
  const setArgument = (command: string, argument: string, values: readonly string[]) => {
    const found = completions.commands.get(command)?.arguments.get(argument);
    if (found) found.handler = offer(values);
  };
  const setOption = (command: string, option: string, values: readonly string[]) => {
    const found = completions.commands.get(command)?.options.get(option);
    if (found) found.handler = offer(values);
  };
  for (const [command, argument] of TAKES_AGENT) setArgument(command, argument, names.agents);
  for (const [command, argument] of TAKES_TOOL) setArgument(command, argument, names.tools);
  for (const command of TAKES_SERVER) setArgument(`tool ${command}`, "server", names.servers);
  for (const [command, argument] of TAKES_ENTITY) setArgument(`memory ${command}`, argument, names.entities);
  for (const command of TAKES_RUN) setArgument(command, "run", ["last"]);
  for (const command of ["get", "update", "use", "delete", "export"])
    setArgument(`workspace ${command}`, "name", names.workspaces);
  const everywhere = completions.options.get("workspace");
  if (everywhere) everywhere.handler = offer(names.workspaces);
  setOption("run list", "agent", names.agents);
  setOption("init", "template", names.templates);
}

const PATH_ARGUMENTS = ["agent deploy", "agent validate", "agent convert"] as const;
const PATH_OPTIONS = [
  "file",
  "config",
  "agents",
  "data-dir",
  "directory",
  "save",
  "key",
  "trust",
  "manifest",
  "signature",
] as const;
/** Arguments with a file of another name than `file`. */
const OTHER_PATHS = [
  ["message verify", "message"],
  ["tool deploy", "path"],
  ["tool sign", "module"],
  ["tool verify", "module"],
] as const;

function addPaths(completions: RootCommand, begun: string): void {
  const paths = offer(pathsFrom(begun));
  for (const [name, command] of completions.commands) {
    for (const option of PATH_OPTIONS) {
      const found = command.options.get(option);
      if (found) found.handler = paths;
    }
    const argument = command.arguments.get("file");
    if (argument && PATH_ARGUMENTS.some((path) => path === name)) argument.handler = paths;
  }
  for (const [name, argument] of OTHER_PATHS) {
    const found = completions.commands.get(name)?.arguments.get(argument);
    if (found) found.handler = paths;
  }
}
