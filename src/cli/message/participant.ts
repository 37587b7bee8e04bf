import type { Command } from "commander";
import * as z from "zod";
import {
  type LeasedMessage,
  operations,
  type Participant,
  type RegisteredParticipant,
} from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
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
  showList,
  showPages,
  showOne,
} from "../frame/index.ts";
import { type Column, oneLine, safeText, showAge } from "../terminal/index.ts";
import { keys } from "./participant-key.ts";

/** `caxton participant` */
export const participant: CommandMaker = (command, invocation) => {
  command.description(
    "Register external programs and fetch their messages. Each program has a name and a mailbox that keeps its messages until it fetches and acknowledges them.",
  );
  examples(command, [
    ['caxton participant register billing-bot --description "writes invoices"', ""],
    ["caxton participant fetch billing-bot --ack", "fetch messages and acknowledge them"],
  ]);
  list(command.command("list"), invocation);
  register(command.command("register"), invocation);
  tokens(command.command("token"), invocation);
  keys(command.command("key"), invocation);
  remove(command.command("delete"), invocation);
  fetchMessages(command.command("fetch"), invocation);
};

const columns = (nowMs: number): readonly Column<Participant>[] => [
  { title: "NAME", value: ({ name }) => name },
  { title: "WAITING", value: ({ waiting }) => String(waiting) },
  {
    title: "SEEN",
    value: (each) => each.seen_at ?? "",
    short: (each) =>
      each.is_remote ? "remote" : each.seen_at === null ? "never" : showAge(Date.parse(each.seen_at), nowMs),
  },
  { title: "CAPABILITIES", value: (each) => each.capabilities.join(", ") },
  { title: "DESCRIPTION", value: ({ description }) => oneLine(description), shrinks: true },
];

function list(command: Command, invocation: Invocation): void {
  command.summary("list programs").description("List registered programs.").addOption(limitOption(50));
  examples(command, [["caxton participant list", ""]]);
  act(command, invocation, {
    input: z.object({ limit: z.number() }),
    formats: LIST_FORMATS,
    run: (context, { limit }) =>
      showPages(context, pagesOf(operations.participant.list, {}), {
        limit,
        columns: columns(systemClock.nowMs()),
        name: ({ name }) => name,
        empty: "no programs take part; register one: caxton participant register <name>",
      }),
  });
}

function register(command: Command, invocation: Invocation): void {
  command
    .summary("register a program")
    .description(
      "Register a program and print its token once; only a hash of it is stored. The program presents it to send, fetch and acknowledge, as CAXTON_TOKEN or --token. Registering it again changes its description.",
    )
    .argument("<name>", "name: 2 to 64 letters, digits and _.-, a letter first")
    .option("--description <text>", "description of the program", "");
  examples(command, [['caxton participant register billing-bot --description "writes invoices"', ""]]);
  act(command, invocation, {
    input: z.object({ name: z.string(), description: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, body) => {
      const { raw, value } = await context.client.call(operations.participant.register, body);
      await showOne(context, { raw, name: value.name, human: () => registeredText(value) });
    },
  });
}

function registeredText({ name, token }: RegisteredParticipant): string {
  const tokenLine = token === null ? "the token is unchanged" : `export CAXTON_TOKEN=${token}`;
  return `${safeText(name)} can receive messages\n${tokenLine}\n`;
}

function tokens(command: Command, invocation: Invocation): void {
  command.description("Manage the token that authenticates a program.");
  examples(command, [
    ["caxton participant token rotate billing-bot", "replace the token; the previous one is invalid at once"],
    ["caxton participant token revoke billing-bot", "no client can send as it"],
  ]);
  const rotate = command
    .command("rotate")
    .summary("replace the token of a program")
    .description(
      "Replace the token of a program and print the new one once. The previous token is invalid at once. Present the token with --token or CAXTON_TOKEN.",
    )
    .argument("<name>", "program name");
  examples(rotate, [["caxton participant token rotate billing-bot", ""]]);
  act(rotate, invocation, {
    input: z.object({ name: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { name }) => {
      const { raw, value } = await context.client.call(operations.participant.rotateToken, { name });
      await showOne(context, { raw, name: value.token ?? "", human: () => registeredText(value) });
    },
  });
  const revoke = command
    .command("revoke")
    .summary("revoke the token of a program")
    .description(
      "Revoke the token of a program. Its mailbox is kept; no client can fetch from it until a new token is issued.",
    )
    .argument("<name>", "program name");
  examples(revoke, [["caxton participant token revoke billing-bot", ""]]);
  act(revoke, invocation, {
    input: z.object({ name: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { name }) => {
      const { raw, value } = await context.client.call(operations.participant.revokeToken, { name });
      await showOne(context, {
        raw,
        name: value.name,
        human: () => `the token of ${safeText(value.name)} is revoked\n`,
      });
    },
  });
}

function remove(command: Command, invocation: Invocation): void {
  command
    .summary("delete a program")
    .description(
      "Delete a program's name and registrations. Its open parts of conversations end; messages in its mailbox stay.",
    )
    .argument("<name>", "program name");
  examples(command, [["caxton participant delete billing-bot", ""]]);
  act(command, invocation, {
    input: z.object({ name: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { name }) => {
      if (!(await confirm(context, `Delete the program ${name}?`, "caxton participant delete"))) return;
      const { raw } = await context.client.call(operations.participant.delete, { name });
      await showOne(context, { raw, name, human: () => `${safeText(name)} is deleted\n` });
    },
  });
}

const leasedColumns: readonly Column<LeasedMessage>[] = [
  { title: "HANDLE", value: ({ handle }) => handle },
  { title: "ATTEMPT", value: ({ attempt }) => String(attempt) },
  { title: "PERFORMATIVE", value: ({ message }) => textOf(message["performative"]) },
  { title: "FROM", value: ({ message }) => textOf(message["sender"]) },
  { title: "CONTENT", value: ({ message }) => oneLine(textOf(message["content"])), shrinks: true },
];

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value ?? null));

function fetchMessages(command: Command, invocation: Invocation): void {
  command
    .summary("fetch messages from a mailbox")
    .description("Fetch messages from a program's mailbox. Without --ack, they are redelivered when their lease ends.")
    .argument("<name>", "program name")
    .option("--max <n>", "maximum messages", "10")
    .option("--wait <seconds>", "maximum wait for the first message", "0")
    .option("--ack", "acknowledge the messages");
  examples(command, [["caxton participant fetch billing-bot --wait 30 --ack -o jsonl", ""]]);
  act(command, invocation, {
    input: z.object({
      name: z.string(),
      max: z.coerce.number().int(),
      wait: z.coerce.number(),
      ack: z.boolean().default(false),
    }),
    formats: LIST_FORMATS,
    run: async (context, { name, max, wait, ack }) => {
      const { raw, value } = await context.client.call(
        operations.mailbox.fetch,
        { name, max, wait },
        { timeoutMs: wait * 1_000 + 10_000 },
      );
      await showList(context, {
        raw,
        items: value.items,
        columns: leasedColumns,
        name: ({ handle }) => handle,
        empty: `nothing waits for ${name}`,
      });
      if (!ack || value.items.length === 0) return;
      await context.client.call(operations.mailbox.settle, { name, done: value.items.map(({ handle }) => handle) });
    },
  });
}
