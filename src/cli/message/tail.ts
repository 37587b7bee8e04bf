import type { Command } from "commander";
import * as z from "zod";
import { type MessageEvent, messages, operations, requestPath } from "../../api/contract/index.ts";
import { follow } from "../client/index.ts";
import { act, type Context, examples, type Invocation, onInterrupt } from "../frame/index.ts";
import { oneLine, safeText, truncate } from "../terminal/index.ts";
import { addressLine, contentLine, performativeTone } from "./lines.ts";
import { shortId } from "./reference.ts";

const EXIT_INTERRUPTED = 130;

/** `caxton message tail` */
export function tail(command: Command, invocation: Invocation): void {
  command
    .summary("stream messages")
    .description("Stream messages until Ctrl-C. Messages that arrive too fast to print are counted instead.")
    .option("--from <name>", "only messages from this sender")
    .option("--to <name>", "only messages to this recipient")
    .option("--conversation <id>", "only messages of this conversation")
    .option("--performative <act>", "only messages with this performative")
    .option("--last <n>", "number of past messages to print first", "10");
  examples(command, [
    ["caxton message tail", ""],
    ["caxton message tail --to data-analyzer -o jsonl", "for other programs"],
  ]);
  act(command, invocation, {
    input: z.object({
      from: z.string().optional(),
      to: z.string().optional(),
      conversation: z.string().optional(),
      performative: z.string().optional(),
      last: z.coerce.number().int().min(0).max(1_000),
    }),
    formats: ["text", "jsonl"],
    run: async (context, { from, to, conversation, performative, last }) => {
      const query = new URLSearchParams({ last: String(last) });
      const filters = { sender: from, recipient: to, conversation_id: conversation, performative };
      for (const [name, value] of Object.entries(filters)) if (value !== undefined) query.set(name, value);
      return followMessages(context, `${operations.message.watch.http.path}?${query.toString()}`);
    },
  });
}

/** Shows the messages of a conversation as they come. */
export const followConversation = (context: Context, id: string): Promise<number> =>
  followMessages(context, `${requestPath(operations.conversation.watch, { id })}?last=1000`);

async function followMessages({ client, terminal, format }: Context, path: string): Promise<number> {
  const stop = new AbortController();
  using interrupt = onInterrupt(() => stop.abort());
  void interrupt;
  try {
    const onLink = (link: "lost" | "back") => {
      terminal.note(link === "lost" ? "the connection is lost; trying again" : "connected again");
    };
    for await (const { raw, event } of follow(client, {
      path,
      schema: messages.MessageEvent,
      signal: stop.signal,
      onLink,
    })) {
      if (format === "jsonl") terminal.write(`${raw}\n`);
      else show(event, terminal);
    }
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return EXIT_INTERRUPTED;
    throw error;
  }
}

const WIDTH = 160;
const CLOCK_TIME = /T(\d\d:\d\d:\d\d)/u;
const ACT_WIDTH = 15;

function show(event: MessageEvent, terminal: Context["terminal"]): void {
  const { style } = terminal;
  if (event.type === "lagged") return terminal.note(`${event.missed} messages were left out`);
  if (event.type === "delivery") {
    const { recipient, state, attempts, reason } = event.delivery;
    if (state === "done") return;
    const why = reason === null ? "" : `: ${oneLine(reason)}`;
    return terminal.write(
      `${" ".repeat(10)}${style("yellow", `${state} at ${safeText(recipient)} after attempt ${attempts}${why}`)}\n`,
    );
  }
  const { message } = event;
  const time = CLOCK_TIME.exec(message.at)?.[1] ?? message.at;
  const said = truncate(oneLine(contentLine(message)), terminal.columns ?? WIDTH);
  const done = style(performativeTone(message.performative) ?? "bold", message.performative.padEnd(ACT_WIDTH));
  const conversation = style("dim", shortId(message.conversation_id));
  terminal.write(
    `${style("dim", time)}  ${done} ${safeText(message.sender)} → ${safeText(addressLine(message))}  ${conversation}\n`,
  );
  terminal.write(`${" ".repeat(10)}${said}\n`);
}
