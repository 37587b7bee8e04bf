import type { Command } from "commander";
import * as z from "zod";
import {
  act,
  type CommandMaker,
  type Context,
  examples,
  type Invocation,
  LIST_FORMATS,
  ONE_FORMATS,
  showList,
  showOne,
  UsageError,
} from "../frame/index.ts";
import { safeText } from "../terminal/index.ts";

/** `caxton context` */
export const context: CommandMaker = (command, invocation) => {
  command.description(
    "List the servers that you logged in to, and choose the one that commands use. --server, CAXTON_SERVER and --context override the choice.",
  );
  examples(command, [
    ["caxton context list", ""],
    ["caxton context use prod", ""],
    ["caxton context use --none", "use the server of this machine again"],
  ]);
  list(command.command("list"), invocation);
  use(command.command("use"), invocation);
};

/** Contexts without their keys. */
const shown = ({ contexts }: Context) => {
  const current = contexts.current()?.name;
  return contexts.list().map(({ name, server, key, login }) => ({
    name,
    server,
    has_key: key !== undefined,
    has_login: login !== undefined,
    is_current: name === current,
  }));
};

function list(command: Command, invocation: Invocation): void {
  command.summary("list contexts").description("List the servers that you logged in to.");
  examples(command, [["caxton context list", ""]]);
  act(command, invocation, {
    input: z.object({}),
    formats: LIST_FORMATS,
    run: async (opened) => {
      const items = shown(opened);
      await showList(opened, {
        raw: { items },
        items,
        columns: [
          { title: "CURRENT", value: ({ is_current: isCurrent }) => (isCurrent ? "*" : "") },
          { title: "NAME", value: ({ name }) => safeText(name) },
          { title: "SERVER", value: ({ server }) => server },
        ],
        name: ({ name }) => name,
        empty: "you are not logged in to any server: caxton login <url>",
      });
    },
  });
}

function use(command: Command, invocation: Invocation): void {
  command
    .summary("choose a context")
    .description("Choose the server that commands use. With --none, commands use the server of this machine.")
    .argument("[name]", "name of the context")
    .option("--none", "use no context");
  examples(command, [["caxton context use prod", ""]]);
  act(command, invocation, {
    input: z.object({ name: z.string().optional(), none: z.boolean().default(false) }),
    formats: ONE_FORMATS,
    run: async (opened, { name, none }) => {
      if (none === (name !== undefined)) throw new UsageError("name a context, or add --none", "caxton context use");
      if (name !== undefined && !opened.contexts.list().some((each) => each.name === name))
        throw new UsageError(`there is no context "${name}"`, "caxton context list");
      opened.contexts.use(name);
      await showOne(opened, {
        raw: { context: name ?? null },
        name: name ?? "",
        human: () => (name === undefined ? "no context is used\n" : `commands use ${safeText(name)}\n`),
      });
    },
  });
}
