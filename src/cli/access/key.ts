import type { Command } from "commander";
import * as z from "zod";
import { type ApiKey, type CreatedApiKey, operations } from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import { durationText } from "../../text/documents/index.ts";
import {
  act,
  type CommandMaker,
  confirm,
  examples,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  ONE_FORMATS,
  pagesOf,
  showOne,
  showPages,
} from "../frame/index.ts";
import { type Column, safeText, showAge } from "../terminal/index.ts";

const YEARS_10 = 3_660 * 86_400_000;

/** `caxton key` */
export const key: CommandMaker = (command, invocation) => {
  command.description(
    'Manage API keys. A key belongs to one program or person and has a role. Servers with access.mode = "required" accept only requests with a key or a program\'s token.',
  );
  examples(command, [
    ["caxton key create ci --role operator --expires 90d", ""],
    ["caxton key list", ""],
    ["caxton key rotate 4GfTq1x9ZbLk --grace 24h", ""],
  ]);
  list(command.command("list"), invocation);
  create(command.command("create"), invocation);
  rotate(command.command("rotate"), invocation);
  revoke(command.command("revoke"), invocation);
};

const columns = (nowMs: number): readonly Column<ApiKey>[] => {
  const age = (at: string | null, never: string) => (at === null ? never : showAge(Date.parse(at), nowMs));
  return [
    { title: "ID", value: ({ id }) => id },
    { title: "NAME", value: ({ name }) => safeText(name), shrinks: true },
    { title: "ROLE", value: ({ role }) => role },
    { title: "WORKSPACE", value: ({ workspace }) => workspace },
    { title: "STATE", value: ({ state }) => state },
    { title: "CREATED", value: (each) => each.created_at, short: (each) => age(each.created_at, "") },
    { title: "USED", value: (each) => each.last_used_at ?? "", short: (each) => age(each.last_used_at, "never") },
    { title: "EXPIRES", value: (each) => each.expires_at ?? "never" },
  ];
};

function list(command: Command, invocation: Invocation): void {
  command.summary("list keys").description("List API keys, the oldest first.").addOption(limitOption(50));
  examples(command, [["caxton key list", ""]]);
  act(command, invocation, {
    input: z.object({ limit: z.number() }),
    formats: LIST_FORMATS,
    run: async (context, { limit }) =>
      showPages(context, pagesOf(operations.key.list, {}), {
        limit,
        columns: columns(systemClock.nowMs()),
        name: ({ id }) => id,
        empty: "there are no API keys; create one: caxton key create <name> --role <role>",
      }),
  });
}

/** A grant, as text. */
export const grantText = ({ role, workspace }: { readonly role: string; readonly workspace: string }): string =>
  `${safeText(role)} in ${workspace === "*" ? "every workspace" : workspace}`;

const createdText = ({ id, name, key: text, ...grant }: CreatedApiKey): string =>
  `${safeText(name)} has the role ${grantText(grant)}; its id is ${id}\nexport CAXTON_TOKEN=${text ?? ""}\nThe key is not shown again.\n`;

function create(command: Command, invocation: Invocation): void {
  command
    .summary("create a key")
    .description(
      "Create an API key and print it once; only a hash of it is stored. It is valid in one workspace: that of --workspace, else yours.",
    )
    .argument("<name>", "what the key is for")
    .requiredOption("--role <role>", "role: admin, operator, user, readonly or a custom one")
    .option("--all-workspaces", "valid in every workspace, also in later ones")
    .option("--expires <duration>", "time until the key expires, such as 90d; default: never")
    .option("--agents <glob...>", "limit the role to agents with these names, such as 'support-*'")
    .option("--tools <glob...>", "limit the role to tool servers with these names")
    .option("--capabilities <glob...>", "limit the role to messages for these capabilities");
  examples(command, [
    ["caxton key create ci --role operator --expires 90d", ""],
    ["caxton key create ann --role user --workspace red", "valid in the workspace red"],
    ["caxton key create ci --role operator -o name", "the key alone, for scripts"],
    ["caxton key create shop --role user --agents 'support-*'", "runs of some agents only"],
  ]);
  act(command, invocation, {
    input: z.object({
      name: z.string(),
      role: z.string(),
      allWorkspaces: z.boolean().default(false),
      expires: durationText({ minMs: 60_000, maxMs: YEARS_10 }).optional(),
      agents: z.array(z.string()).optional(),
      tools: z.array(z.string()).optional(),
      capabilities: z.array(z.string()).optional(),
    }),
    formats: ONE_FORMATS,
    run: async (context, { name, role, allWorkspaces, expires, ...only }) => {
      const isLimited = Object.values(only).some((patterns) => patterns !== undefined);
      const given = {
        name,
        role,
        ...(allWorkspaces && { workspace: "*" }),
        ...(isLimited && { only }),
        ...(expires !== undefined && { expires_in: Math.round(expires / 1_000) }),
      };
      const { raw, value } = await context.client.call(operations.key.create, given);
      await showOne(context, { raw, name: value.key ?? "", human: () => createdText(value) });
    },
  });
}

function rotate(command: Command, invocation: Invocation): void {
  command
    .summary("replace the secret of a key")
    .description(
      "Replace the secret of an API key and print the new key once. Without --grace the previous one ends at once.",
    )
    .argument("<id>", "id of the key")
    .option("--grace <duration>", "time for which the previous secret remains valid, such as 24h");
  examples(command, [["caxton key rotate 4GfTq1x9ZbLk --grace 24h", ""]]);
  act(command, invocation, {
    input: z.object({ id: z.string(), grace: durationText({ maxMs: 30 * 86_400_000 }).optional() }),
    formats: ONE_FORMATS,
    run: async (context, { id, grace = 0 }) => {
      const body = { id, grace: Math.round(grace / 1_000) };
      const { raw, value } = await context.client.call(operations.key.rotate, body);
      await showOne(context, { raw, name: value.key ?? "", human: () => createdText(value) });
    },
  });
}

function revoke(command: Command, invocation: Invocation): void {
  command
    .summary("revoke a key")
    .description("Revoke an API key. It is refused at once, and its open streams end.")
    .argument("<id>", "id of the key");
  examples(command, [["caxton key revoke 4GfTq1x9ZbLk", ""]]);
  act(command, invocation, {
    input: z.object({ id: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { id }) => {
      if (!(await confirm(context, `Revoke the key ${id}?`, "caxton key revoke"))) return;
      const { raw } = await context.client.call(operations.key.revoke, { id });
      await showOne(context, { raw, name: id, human: () => `the key ${safeText(id)} is revoked\n` });
    },
  });
}
