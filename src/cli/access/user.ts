import type { Command } from "commander";
import * as z from "zod";
import { operations, type User } from "../../api/contract/index.ts";
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
import { ageColumn, type Column, safeText } from "../terminal/index.ts";
import { grantText } from "./key.ts";

const WEEK_MS = 7 * 86_400_000;

/** `caxton user` */
export const user: CommandMaker = (command, invocation) => {
  command.description(
    "List the users who logged in at an identity provider or with a login link, and disable or enable them.",
  );
  examples(command, [
    ["caxton user list", ""],
    ["caxton user disable user_office:ada", "end the user's sessions and refuse the user's tokens"],
  ]);
  list(command.command("list"), invocation);
  disable(command.command("disable"), invocation);
  enable(command.command("enable"), invocation);
};

const columns = (nowMs: number): readonly Column<User>[] => [
  { title: "ID", value: ({ id }) => safeText(id) },
  { title: "NAME", value: ({ name }) => safeText(name), shrinks: true },
  { title: "ROLES", value: ({ grants }) => grants.map(grantText).join(", "), shrinks: true },
  { title: "STATE", value: ({ state }) => state },
  ageColumn("SEEN", (each) => each.last_seen_at, nowMs),
  { title: "EMAIL", value: ({ email }) => safeText(email ?? ""), wide: true },
];

function list(command: Command, invocation: Invocation): void {
  command.summary("list users").description("List users, the oldest first.").addOption(limitOption(50));
  examples(command, [["caxton user list", ""]]);
  act(command, invocation, {
    input: z.object({ limit: z.number() }),
    formats: LIST_FORMATS,
    run: async (context, { limit }) =>
      showPages(context, pagesOf(operations.user.list, {}), {
        limit,
        columns: columns(systemClock.nowMs()),
        name: ({ id }) => id,
        empty: "no user has logged in",
      }),
  });
}

function disable(command: Command, invocation: Invocation): void {
  command
    .summary("disable a user")
    .description("End the user's sessions, and refuse the user's logins and tokens until the user is enabled.")
    .argument("<id>", "id of the user, such as user_office:ada");
  examples(command, [["caxton user disable user_office:ada", ""]]);
  act(command, invocation, {
    input: z.object({ id: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { id }) => {
      if (!(await confirm(context, `Disable the user ${id}?`, "caxton user disable"))) return;
      const { raw } = await context.client.call(operations.user.disable, { id });
      await showOne(context, { raw, name: id, human: () => `the user ${safeText(id)} is disabled\n` });
    },
  });
}

function enable(command: Command, invocation: Invocation): void {
  command
    .summary("enable a user")
    .description("Let a disabled user log in again.")
    .argument("<id>", "id of the user, such as user_office:ada");
  examples(command, [["caxton user enable user_office:ada", ""]]);
  act(command, invocation, {
    input: z.object({ id: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { id }) => {
      const { raw } = await context.client.call(operations.user.enable, { id });
      await showOne(context, { raw, name: id, human: () => `the user ${safeText(id)} is enabled\n` });
    },
  });
}

/** `caxton login-link` */
export const loginLink: CommandMaker = (command, invocation) => {
  command
    .description(
      "Create a link that logs one person in to the dashboard, once. The link is printed once; only a hash of it is stored.",
    )
    .option("--name <name>", "name of the user; default: yours")
    .option("--role <role>", "role of the user; default: yours")
    .option("--all-workspaces", "give the user the role in every workspace; default: in the one of the command")
    .option("--expires <duration>", "time until the link expires, at most 7d; default: 1h");
  examples(command, [
    ["caxton login-link", "log in to the dashboard without copying a key"],
    ["caxton login-link --name ada --role user --expires 24h", "a link for a colleague"],
  ]);
  act(command, invocation, {
    input: z.object({
      name: z.string().optional(),
      role: z.string().optional(),
      allWorkspaces: z.boolean().default(false),
      expires: durationText({ minMs: 60_000, maxMs: WEEK_MS }).optional(),
    }),
    formats: ONE_FORMATS,
    run: async (context, { name, role, allWorkspaces, expires }) => {
      const { client } = context;
      const { raw, value } = await client.call(operations.user.link, {
        ...(name !== undefined && { name }),
        ...(role !== undefined && { role }),
        ...(allWorkspaces && { workspace: "*" }),
        ...(expires !== undefined && { expires_in: Math.round(expires / 1_000) }),
      });
      const url = `${(value.page === null ? client.url("/ui/login") : new URL(value.page)).href}#${value.token ?? ""}`;
      await showOne(context, {
        raw,
        name: url,
        human: () =>
          `${url}\nlogs ${safeText(value.name)} in once, with the role ${value.role}, until ${value.expires_at}\n`,
      });
    },
  });
};
