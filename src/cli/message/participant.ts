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
  listUpTo,
  ONE_FORMATS,
  pagesOf,
  showList,
  showOne,
} from "../frame/index.ts";
import { type Column, oneLine, safeText, showAge } from "../terminal/index.ts";

/** `caxton participant` */
export const participant: CommandMaker = (command, invocation) => {
  command.description(
    "Programs outside of the server that take part in conversations: each has a name and a mailbox that keeps its messages " +
      "while it is away, fetches them and says when it has processed them.",
  );
  examples(command, [
    ['caxton participant register billing-bot --description "writes invoices"', ""],
    ["caxton participant fetch billing-bot --ack", "take messages, and say that they are done"],
  ]);
  list(command.command("list"), invocation);
  register(command.command("register"), invocation);
  tokens(command.command("token"), invocation);
  remove(command.command("delete"), invocation);
  fetchMessages(command.command("fetch"), invocation);
};

const columns = (nowMs: number): readonly Column<Participant>[] => [
  { title: "NAME", value: ({ name }) => name },
  { title: "WAITING", value: ({ waiting }) => String(waiting) },
  {
    title: "SEEN",
    value: (each) => each.seen_at ?? "",
    short: (each) => (each.seen_at === null ? "never" : showAge(Date.parse(each.seen_at), nowMs)),
  },
  { title: "CAPABILITIES", value: (each) => each.capabilities.join(", ") },
  { title: "DESCRIPTION", value: ({ description }) => oneLine(description), shrinks: true },
];

function list(command: Command, invocation: Invocation): void {
  command.summary("by name").description("List registered programs.").addOption(limitOption(50));
  examples(command, [["caxton participant list", ""]]);
  act(command, invocation, {
    input: z.object({ limit: z.number() }),
    formats: LIST_FORMATS,
    run: async (context, { limit }) => {
      const all = pagesOf(operations.participant.list);
      const found = await listUpTo(context.client, all, limit);
      await showList(context, {
        raw: found.raw,
        items: found.value.items,
        columns: columns(systemClock.nowMs()),
        name: ({ name }) => name,
        empty: "no programs take part; register one: caxton participant register <name>",
        footer: found.value.next === null ? "" : `more: --limit ${limit * 2}`,
      });
    },
  });
}

function register(command: Command, invocation: Invocation): void {
  command
    .summary("give a program a name and a mailbox")
    .description(
      "Register a program, and print its token: this once, since only a hash of it is kept. The program shows it when it sends, " +
        "fetches and settles, as CAXTON_TOKEN or --token. Registering it again changes its description.",
    )
    .argument("<name>", "2 to 64 letters, digits and _.-, a letter first")
    .option("--description <text>", "what it is", "");
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
  const told = token === null ? "it keeps the token it has" : `export CAXTON_TOKEN=${token}`;
  return `${safeText(name)} can be written to\n${told}\n`;
}

function tokens(command: Command, invocation: Invocation): void {
  command.description("The token by which a program shows that it is who it says.");
  examples(command, [
    ["caxton participant token rotate billing-bot", "a new one; the one before ends at once"],
    ["caxton participant token revoke billing-bot", "nobody speaks as it any more"],
  ]);
  const rotate = command
    .command("rotate")
    .summary("a new token; the one before ends at once")
    .description(
      "Make a new token for a program and print it, this once. The one before ends at once; show it with --token or CAXTON_TOKEN.",
    )
    .argument("<name>", "the program");
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
    .summary("nobody speaks as it until it gets a new one")
    .description("Take a program's token back. Its mailbox stays; nobody fetches from it until it gets a new token.")
    .argument("<name>", "the program");
  examples(revoke, [["caxton participant token revoke billing-bot", ""]]);
  act(revoke, invocation, {
    input: z.object({ name: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { name }) => {
      const { raw, value } = await context.client.call(operations.participant.revokeToken, { name });
      await showOne(context, { raw, name: value.name, human: () => `nobody speaks as ${safeText(value.name)} now\n` });
    },
  });
}

function remove(command: Command, invocation: Invocation): void {
  command
    .summary("take a program's name away")
    .description(
      "Delete a program's name and registrations. Its open parts of conversations end; messages in its mailbox stay.",
    )
    .argument("<name>", "the program");
  examples(command, [["caxton participant delete billing-bot", ""]]);
  act(command, invocation, {
    input: z.object({ name: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { name }) => {
      if (!(await confirm(context, `Take ${name}'s name away?`, "caxton participant delete"))) return;
      const { raw } = await context.client.call(operations.participant.delete, { name });
      await showOne(context, { raw, name, human: () => `${safeText(name)} is gone\n` });
    },
  });
}

const leasedColumns: readonly Column<LeasedMessage>[] = [
  { title: "SEQ", value: ({ seq }) => String(seq) },
  { title: "ATTEMPT", value: ({ attempt }) => String(attempt) },
  { title: "PERFORMATIVE", value: ({ message }) => textOf(message["performative"]) },
  { title: "FROM", value: ({ message }) => textOf(message["sender"]) },
  { title: "CONTENT", value: ({ message }) => oneLine(textOf(message["content"])), shrinks: true },
];

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value ?? null));

function fetchMessages(command: Command, invocation: Invocation): void {
  command
    .summary("take messages from its mailbox")
    .description("Take messages out of a program's mailbox. Without --ack they come again when their lease ends.")
    .argument("<name>", "the program")
    .option("--max <n>", "messages at most", "10")
    .option("--wait <seconds>", "wait so long for the first one", "0")
    .option("--ack", "say that they are processed");
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
        name: ({ seq }) => String(seq),
        empty: `nothing waits for ${name}`,
      });
      if (!ack || value.items.length === 0) return;
      await context.client.call(operations.mailbox.settle, { name, done: value.items.map(({ seq }) => seq) });
    },
  });
}
