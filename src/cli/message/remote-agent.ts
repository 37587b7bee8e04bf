import { readFileSync } from "node:fs";
import type { Command } from "commander";
import * as z from "zod";
import { operations, type RemoteAgent } from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import { type Json, JsonObject } from "../../kernel/json.ts";
import {
  act,
  type CommandMaker,
  confirm,
  type Context,
  examples,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  ONE_FORMATS,
  pagesOf,
  showOne,
  showPages,
  UsageError,
} from "../frame/index.ts";
import { type Column, oneLine, renderFields, safeText, showAge } from "../terminal/index.ts";

/** `caxton remote-agent` */
export const remoteAgent: CommandMaker = (command, invocation) => {
  command.description(
    "Add agents of other systems over Agent2Agent. Each takes part in messaging under its name, and provides the skills in its card as capabilities.",
  );
  examples(command, [
    ["caxton remote-agent add clerk https://agents.example.com/a2a/clerk --bearer CLERK_TOKEN", ""],
    ['caxton message send --to clerk "Describe the order 7" --wait 60s', ""],
  ]);
  list(command.command("list"), invocation);
  get(command.command("get"), invocation);
  add(command.command("add"), invocation);
  refresh(command.command("refresh"), invocation);
  remove(command.command("delete"), invocation);
};

const columns = (nowMs: number): readonly Column<RemoteAgent>[] => [
  { title: "NAME", value: ({ name }) => name },
  { title: "OPEN TASKS", value: (each) => String(each.open_tasks) },
  { title: "STATE", value: ({ problem }) => problem?.code ?? "ok" },
  { title: "CHECKED", value: (each) => each.checked_at, short: (each) => showAge(Date.parse(each.checked_at), nowMs) },
  { title: "CAPABILITIES", value: ({ capabilities }) => capabilities.join(", ") },
  { title: "URL", value: ({ url }) => url },
  { title: "DESCRIPTION", value: ({ description }) => oneLine(description), shrinks: true },
];

function list(command: Command, invocation: Invocation): void {
  command
    .summary("list agents of other systems")
    .description("List agents of other systems.")
    .addOption(limitOption(50));
  examples(command, [["caxton remote-agent list", ""]]);
  act(command, invocation, {
    input: z.object({ limit: z.number() }),
    formats: LIST_FORMATS,
    run: (context, { limit }) =>
      showPages(context, pagesOf(operations.remoteAgent.list, {}), {
        limit,
        columns: columns(systemClock.nowMs()),
        name: ({ name }) => name,
        empty: "no agents of other systems; add one: caxton remote-agent add <name> <url>",
      }),
  });
}

function show(context: Context, { raw, value }: { readonly raw: Json; readonly value: RemoteAgent }): Promise<void> {
  const human = () =>
    renderFields(
      [
        ["Name", safeText(value.name)],
        ["Title", safeText(`${value.title} ${value.version}`)],
        ["Description", oneLine(value.description)],
        ["Address", safeText(value.url)],
        [
          "Interfaces",
          value.interfaces.map((each) => safeText(`${each.binding} ${each.version} ${each.url}`)).join(", "),
        ],
        ["Capabilities", value.capabilities.join(", ")],
        [
          "Credentials",
          value.auth.type === "none" ? "none" : safeText(`${value.auth.type}, secret ${value.auth.secret}`),
        ],
        ["Card signed", value.is_signed ? "yes" : "not required"],
        ["Open tasks", String(value.open_tasks)],
        ["Problem", value.problem === null ? "none" : safeText(`${value.problem.code}: ${value.problem.message}`)],
      ],
      context.terminal,
    );
  return showOne(context, { raw, name: value.name, human });
}

function get(command: Command, invocation: Invocation): void {
  command
    .summary("show an agent of another system")
    .description("Show an agent of another system with what its card says, and why the card cannot be read if so.")
    .argument("<name>", "name of the agent");
  examples(command, [["caxton remote-agent get clerk", ""]]);
  act(command, invocation, {
    input: z.object({ name: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { name }) => show(context, await context.client.call(operations.remoteAgent.get, { name })),
  });
}

function add(command: Command, invocation: Invocation): void {
  command
    .summary("add an agent of another system")
    .description(
      "Add an agent of another system, or change its address. The server reads its card. Addresses on this machine or in private networks need a2a.private_origins.",
    )
    .argument("<name>", "name as a participant: 2 to 64 letters, digits and _.-, a letter first")
    .argument("<url>", "address of the agent, or of its card")
    .option("--bearer <secret>", "stored secret that is sent as a bearer token")
    .option("--api-key <secret>", "stored secret that is sent in a header")
    .option("--header <name>", "header of --api-key", "x-api-key")
    .option("--key <file>", "public keys (JWK or JWK set), one of which must have signed the card");
  examples(command, [
    ["caxton remote-agent add clerk https://agents.example.com/a2a/clerk", ""],
    ["caxton remote-agent add clerk https://agents.example.com/a2a/clerk --bearer CLERK_TOKEN", ""],
  ]);
  act(command, invocation, {
    input: z.object({
      name: z.string(),
      url: z.string(),
      bearer: z.string().optional(),
      apiKey: z.string().optional(),
      header: z.string(),
      key: z.string().optional(),
    }),
    formats: ONE_FORMATS,
    run: async (context, { name, url, bearer, apiKey, header, key }) => {
      if (bearer !== undefined && apiKey !== undefined)
        throw new UsageError("--bearer and --api-key exclude each other", "caxton remote-agent add");
      const auth =
        bearer !== undefined
          ? { type: "bearer" as const, secret: bearer }
          : apiKey !== undefined
            ? { type: "api-key" as const, secret: apiKey, header }
            : { type: "none" as const };
      const keys = key === undefined ? [] : keysIn(key);
      await show(context, await context.client.call(operations.remoteAgent.add, { name, url, auth, keys }));
    },
  });
}

const KeyFile = z.union([z.object({ keys: z.array(JsonObject).min(1) }), JsonObject]);

function keysIn(file: string): readonly JsonObject[] {
  try {
    const given = KeyFile.parse(JSON.parse(readFileSync(file, "utf8")));
    return "keys" in given && Array.isArray(given.keys) ? given.keys : [JsonObject.parse(given)];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${file} is no JWK or JWK set: ${reason}`, "caxton remote-agent add");
  }
}

function refresh(command: Command, invocation: Invocation): void {
  command
    .summary("read the card of an agent again")
    .description("Read the card of an agent again, and register the skills in it. The server does so every hour.")
    .argument("<name>", "name of the agent");
  examples(command, [["caxton remote-agent refresh clerk", ""]]);
  act(command, invocation, {
    input: z.object({ name: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { name }) =>
      show(context, await context.client.call(operations.remoteAgent.refresh, { name })),
  });
}

function remove(command: Command, invocation: Invocation): void {
  command
    .summary("delete an agent of another system")
    .description("Delete an agent of another system with its capabilities. The results of its open tasks are lost.")
    .argument("<name>", "name of the agent");
  examples(command, [["caxton remote-agent delete clerk --yes", ""]]);
  act(command, invocation, {
    input: z.object({ name: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { name }) => {
      if (!(await confirm(context, `Delete the agent ${name}?`, "caxton remote-agent delete"))) return;
      const { raw } = await context.client.call(operations.remoteAgent.delete, { name });
      await showOne(context, { raw, name, human: () => `${safeText(name)} is deleted\n` });
    },
  });
}
