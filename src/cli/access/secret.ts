import { text } from "node:stream/consumers";
import type { Command } from "commander";
import * as z from "zod";
import { operations, type Secret } from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import { ALL_WORKSPACES } from "../../kernel/rights/default-workspace.ts";
import {
  act,
  type CommandMaker,
  confirm,
  type Context,
  examples,
  InterruptedError,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  listOption,
  ONE_FORMATS,
  pagesOf,
  showOne,
  showPages,
  UsageError,
} from "../frame/index.ts";
import { type Column, safeText, showAge } from "../terminal/index.ts";

/** `caxton secret` */
export const secret: CommandMaker = (command, invocation) => {
  command.description(
    "Manage the secrets that the server stores encrypted, such as keys of model providers. A secret belongs to a workspace, takes effect without a restart, and is never shown again. Name it like the variable it replaces (OPENAI_API_KEY), or refer to it as ${secret:NAME} in api_key or headers of a definition.",
  );
  examples(command, [
    ["caxton secret set OPENAI_API_KEY", "ask for the value"],
    ["caxton secret set OPENAI_API_KEY < key.txt", ""],
    ["caxton secret set TEAM_KEY --origin https://gateway.example.com", "send it to this address only"],
    ["caxton secret list", ""],
  ]);
  list(command.command("list"), invocation);
  set(command.command("set"), invocation);
  rotate(command.command("rotate"), invocation);
  remove(command.command("delete"), invocation);
  rotateKey(command.command("rotate-key"), invocation);
};

const placeText = (workspace: string): string =>
  workspace === ALL_WORKSPACES ? "for all workspaces" : `in the workspace ${safeText(workspace)}`;

const columns = (nowMs: number): readonly Column<Secret>[] => [
  { title: "NAME", value: ({ name }) => safeText(name) },
  { title: "WORKSPACE", value: ({ workspace }) => (workspace === ALL_WORKSPACES ? "(all)" : safeText(workspace)) },
  { title: "STATE", value: ({ state }) => state },
  { title: "FINGERPRINT", value: ({ fingerprint }) => fingerprint ?? "" },
  {
    title: "SET",
    value: ({ updated_at }) => updated_at,
    short: ({ updated_at }) => showAge(Date.parse(updated_at), nowMs),
  },
  {
    title: "USED",
    value: ({ last_used_at }) => last_used_at ?? "",
    short: ({ last_used_at }) => (last_used_at === null ? "never" : showAge(Date.parse(last_used_at), nowMs)),
  },
  {
    title: "USED BY",
    value: ({ used_by: { agents, tool_servers: servers } }) =>
      [...agents.map((name) => `agent ${safeText(name)}`), ...servers.map((name) => `tools ${safeText(name)}`)].join(
        ", ",
      ),
    shrinks: true,
  },
  { title: "ORIGINS", value: ({ origins }) => origins.map(safeText).join(" "), shrinks: true },
];

function list(command: Command, invocation: Invocation): void {
  command
    .summary("list secrets without their values")
    .description("List the secrets of the workspace and of all workspaces, by name. Values are never shown.")
    .addOption(limitOption(50));
  examples(command, [
    ["caxton secret list", ""],
    ["caxton secret list -o name", ""],
  ]);
  act(command, invocation, {
    input: z.object({ limit: z.number() }),
    formats: LIST_FORMATS,
    run: async (context, { limit }) =>
      showPages(context, pagesOf(operations.secret.list, {}), {
        limit,
        columns: columns(systemClock.nowMs()),
        name: ({ name }) => name,
        empty: "there are no secrets; store one: caxton secret set <NAME>",
      }),
  });
}

const ALL_OPTION = ["--all-workspaces", "the secret of all workspaces; only an administrator may change it"] as const;
const Place = z.object({ name: z.string(), allWorkspaces: z.boolean().default(false) });
const placeOf = (isAll: boolean) => (isAll ? ({ all_workspaces: "true" } as const) : {});

function set(command: Command, invocation: Invocation): void {
  command
    .summary("store a secret or replace it")
    .description(
      "Store a secret encrypted, or replace it. The value is read from standard input, or asked for on a terminal; it is never an argument, which other users of the machine could see. The next request uses it.",
    )
    .argument("<name>", "letters, digits and _, such as OPENAI_API_KEY")
    .addOption(listOption("--origin <origin>", "origin that may receive the value; repeatable"))
    .option(...ALL_OPTION);
  examples(command, [
    ["caxton secret set OPENAI_API_KEY", "ask for the value"],
    ["caxton secret set OPENAI_API_KEY < key.txt", ""],
    ["caxton secret set GITHUB_TOKEN --origin https://api.github.com --all-workspaces", ""],
  ]);
  act(command, invocation, {
    input: Place.extend({ origin: z.array(z.string()).default([]) }),
    formats: ONE_FORMATS,
    run: async (context, { name, origin: origins, allWorkspaces }) => {
      const value = await valueOf(context, name);
      const given = { name, value, origins, ...placeOf(allWorkspaces) };
      await showStored(context, await context.client.call(operations.secret.set, given));
    },
  });
}

function rotate(command: Command, invocation: Invocation): void {
  command
    .summary("replace the value of a secret")
    .description(
      "Replace the value of a secret that exists; its origins stay. The next request uses the new value, and the previous one is deleted. The value is read as by caxton secret set.",
    )
    .argument("<name>", "name of the secret")
    .option(...ALL_OPTION);
  examples(command, [["caxton secret rotate OPENAI_API_KEY < key.txt", ""]]);
  act(command, invocation, {
    input: Place,
    formats: ONE_FORMATS,
    run: async (context, { name, allWorkspaces }) => {
      const value = await valueOf(context, name);
      const given = { name, value, ...placeOf(allWorkspaces) };
      await showStored(context, await context.client.call(operations.secret.rotate, given));
    },
  });
}

function remove(command: Command, invocation: Invocation): void {
  command
    .summary("delete a secret")
    .description("Delete a secret. The next run of an agent that names it fails, unless a variable of its name is set.")
    .argument("<name>", "name of the secret")
    .option(...ALL_OPTION);
  examples(command, [["caxton secret delete OPENAI_API_KEY", ""]]);
  act(command, invocation, {
    input: Place,
    formats: ONE_FORMATS,
    run: async (context, { name, allWorkspaces }) => {
      if (!(await confirm(context, `Delete the secret ${name}?`, "caxton secret delete"))) return;
      const { raw } = await context.client.call(operations.secret.delete, { name, ...placeOf(allWorkspaces) });
      await showOne(context, { raw, name, human: () => `the secret ${safeText(name)} is deleted\n` });
    },
  });
}

function rotateKey(command: Command, invocation: Invocation): void {
  command
    .summary("encrypt all secrets with a new master key")
    .description(
      "Replace the master key in the file secrets.key_file and encrypt every secret with it. The file has both keys until the secrets are on disk, so an interruption leaves them readable.",
    );
  examples(command, [["caxton secret rotate-key", ""]]);
  act(command, invocation, {
    input: z.object({}),
    formats: ONE_FORMATS,
    run: async (context) => {
      const { raw, value } = await context.client.call(operations.secret.rotateKey, {});
      const human = () => `${value.secrets} secrets are encrypted with a new master key\n`;
      await showOne(context, { raw, name: String(value.secrets), human });
    },
  });
}

type Stored = { readonly raw: Parameters<typeof showOne>[1]["raw"]; readonly value: Secret };

const showStored = (context: Context, { raw, value: { name, workspace, fingerprint } }: Stored): Promise<void> =>
  showOne(context, {
    raw,
    name,
    human: () => `the secret ${safeText(name)} is stored ${placeText(workspace)}; fingerprint ${fingerprint ?? ""}\n`,
  });

/** Reads a value without the line break at its end. Throws UsageError without one, InterruptedError. */
async function valueOf({ terminal }: Context, name: string): Promise<string> {
  const value = terminal.canAsk
    ? await asked(terminal, name)
    : (await text(terminal.streams.input)).replace(/\r?\n$/, "");
  if (value !== "") return value;
  throw new UsageError("standard input has no value; write it there: caxton secret set NAME < file", "caxton secret");
}

async function asked({ streams }: Context["terminal"], name: string): Promise<string> {
  const prompts = await import("@clack/prompts");
  const answer = await prompts.password({ message: `Value of ${name}`, output: streams.error });
  if (prompts.isCancel(answer)) throw new InterruptedError();
  return answer;
}
