import type { Command } from "commander";
import * as z from "zod";
import { type MessageRecord, messages, operations } from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import { isJsonObject, type Json } from "../../kernel/json.ts";
import {
  act,
  type CommandMaker,
  type Context,
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
import { type Column, oneLine, ageColumn } from "../terminal/index.ts";
import { deadLetter } from "./dead-letter.ts";
import { addressLine, contentLine, contentPlace, messageLines, performativeTone } from "./lines.ts";
import { resolveMessage, shortId } from "./reference.ts";
import { replay, send } from "./send.ts";
import { tail } from "./tail.ts";
import { verify } from "./verify.ts";

/** For content to arrive. */
const CONTENT_MS = 60_000;
const ARGUMENT = "its id, the end of its id, or last";

/** `caxton message` */
export const message: CommandMaker = (command, invocation) => {
  command.description(
    "Send, stream and trace messages between agents, programs and you. Each message is written to disk before it is accepted. It is routed to a name, a capability, a topic or all agents, and checked against the protocol of its conversation.",
  );
  examples(command, [
    [
      'caxton message send --to data-analyzer "describe examples/data/sales.csv" --wait 60s',
      "ask, and wait for the answer",
    ],
    ["caxton message tail", "watch all messages as they come"],
    ["caxton message dead-letter list", "what could not be delivered, and why"],
  ]);
  send(command.command("send"), invocation);
  list(command.command("list"), invocation);
  get(command.command("get"), invocation);
  tail(command.command("tail").alias("stream"), invocation);
  trace(command.command("trace"), invocation);
  verify(command.command("verify"), invocation);
  replay(command.command("replay"), invocation);
  deadLetter(command.command("dead-letter").alias("dead-letters"), invocation);
};

export const messageColumns = (nowMs: number): readonly Column<MessageRecord>[] => [
  { title: "ID", value: ({ id }) => id, short: ({ id }) => shortId(id) },
  {
    title: "PERFORMATIVE",
    value: ({ performative }) => performative,
    tone: ({ performative }) => performativeTone(performative),
  },
  { title: "FROM", value: ({ sender }) => sender },
  { title: "TO", value: addressLine },
  ageColumn("SENT", ({ at }) => at, nowMs),
  {
    title: "CONVERSATION",
    value: (each) => each.conversation_id,
    short: (each) => shortId(each.conversation_id),
    wide: true,
  },
  { title: "PROTOCOL", value: ({ protocol }) => protocol ?? "", wide: true },
  { title: "CONTENT", value: (each) => oneLine(contentLine(each)), shrinks: true },
];

function list(command: Command, invocation: Invocation): void {
  command
    .summary("list messages")
    .description("List stored messages, newest first.")
    .option("--from <name>", "only messages from this sender")
    .option("--to <name>", "only messages to this recipient")
    .option("--conversation <id>", "only messages of this conversation")
    .addOption(
      command
        .createOption("--performative <act>", "only messages with this performative")
        .choices([...messages.MessageRecord.shape.performative.options]),
    )
    .addOption(limitOption(20));
  examples(command, [
    ["caxton message list", ""],
    ["caxton message list --to data-analyzer --performative request", "what it was asked"],
    ["caxton message list -o jsonl --limit 1000", "for other programs"],
  ]);
  act(command, invocation, {
    input: z.object({
      from: z.string().optional(),
      to: z.string().optional(),
      conversation: z.string().optional(),
      performative: messages.MessageRecord.shape.performative.optional(),
      limit: z.number(),
    }),
    formats: LIST_FORMATS,
    run: async (context, { from, to, conversation, performative, limit }) => {
      const query = { sender: from, recipient: to, conversation_id: conversation, performative };
      await showPages(context, pagesOf(operations.message.list, query), {
        limit,
        columns: messageColumns(systemClock.nowMs()),
        name: ({ id }) => id,
        empty: "no such messages; send one: caxton message send --to <agent> <text>",
        more: "older ones",
      });
    },
  });
}

function get(command: Command, invocation: Invocation): void {
  command
    .summary("show a message and its deliveries")
    .description("Show a message with all parameters, and the outcome of each delivery.")
    .argument("<message>", ARGUMENT)
    .option("--content", "print only its content, in full, even if it is offloaded");
  examples(command, [
    ["caxton message get last", ""],
    ["caxton message get last --content > result.json", "its content into a file"],
    ["caxton message get 4f2a9c01 -o json", "by the end of its id"],
  ]);
  act(command, invocation, {
    input: z.object({ message: z.string(), content: z.boolean().default(false) }),
    formats: ONE_FORMATS,
    run: async (context, { message: reference, content: isContentOnly }) => {
      const id = await resolveMessage(context, reference);
      const { raw, value } = await context.client.call(operations.message.get, { id });
      if (isContentOnly) return context.terminal.writeForeign(`${await wholeContent(context, value.content)}\n`);
      await showOne(context, { raw, name: id, human: () => messageLines(value, context.terminal.style) });
    },
  });
}

async function wholeContent({ client }: Context, content: Json): Promise<string> {
  const place = contentPlace(content);
  if (place === undefined) return typeof content === "string" ? content : JSON.stringify(content);
  const signal = AbortSignal.timeout(CONTENT_MS);
  return (await client.open({ method: "GET", path: place.path, signal })).text();
}

function trace(command: Command, invocation: Invocation): void {
  command
    .summary("show all messages of a trace")
    .description("Show all messages of a message's trace, oldest first: its causes and its results.")
    .argument("<message>", ARGUMENT);
  examples(command, [["caxton message trace last", ""]]);
  act(command, invocation, {
    input: z.object({ message: z.string() }),
    formats: LIST_FORMATS,
    run: async (context, { message: reference }) => {
      const id = await resolveMessage(context, reference);
      const { raw, value } = await context.client.call(operations.message.trace, { id });
      await showList(context, {
        raw: { items: (isJsonObject(raw) ? raw["messages"] : undefined) ?? [] },
        items: value.messages,
        columns: messageColumns(systemClock.nowMs()),
        name: (each) => each.id,
        empty: "nothing is left of it",
        footer: `trace ${value.trace_id}${value.truncated ? "; the oldest are left out" : ""}`,
      });
    },
  });
}
