import { readFileSync } from "node:fs";
import type { Command } from "commander";
import * as z from "zod";
import {
  type MessageCheck,
  type MessageReceipt,
  messages,
  type NearestCapability,
  operations,
} from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import { type Json, type JsonObject, parseJson } from "../../kernel/json.ts";
import {
  act,
  type Context,
  examples,
  type Invocation,
  listOption,
  ONE_FORMATS,
  showOne,
  UsageError,
} from "../frame/index.ts";
import { oneLine, safeText } from "../terminal/index.ts";
import { nearestText, performativeTone } from "./lines.ts";
import { resolveConversation, resolveMessage } from "./reference.ts";
import { signed } from "./signing.ts";

/** The message was sent, and what came back is not what was asked for. */
const EXIT_UNSUCCESSFUL = 9;
const UNSUCCESSFUL: ReadonlySet<string> = new Set(["failure", "not-understood", "refuse", "reject-proposal"]);
/** Beyond what the request itself may take. */
const ANSWER_MS = 10_000;

const SendInput = z.object({
  content: z.string().optional(),
  to: z.array(z.string()).default([]),
  capability: z.string().optional(),
  topic: z.string().optional(),
  broadcast: z.boolean().default(false),
  performative: z.string(),
  from: z.string().optional(),
  data: z.string().optional(),
  protocol: z.string().optional(),
  conversation: z.string().optional(),
  inReplyTo: z.string().optional(),
  replyWith: z.string().optional(),
  replyBy: z.string().optional(),
  parent: z.string().optional(),
  priority: z.string().optional(),
  strategy: z.string().optional(),
  set: z.array(z.string()).default([]),
  wait: z.string().optional(),
  signKey: z.string().optional(),
  dryRun: z.boolean().default(false),
  idempotencyKey: z.string().optional(),
});
type SendInput = z.infer<typeof SendInput>;

/** `caxton message send` */
export function send(command: Command, invocation: Invocation): void {
  command
    .summary("send a message")
    .description(
      "Send a message to names, to a provider of a capability, to the subscribers of a topic, or to all agents. The command returns when the message is on disk; with --wait, it waits for the reply and prints it.",
    )
    .argument("[content]", "content of the message; - reads standard input")
    .addOption(listOption("--to <name>", "agent or registered program; may be repeated"))
    .option("--capability <name>", "route to a provider of this capability")
    .option("--topic <topic>", "publish to this topic")
    .option("--broadcast", "send to all agents")
    .option("-p, --performative <act>", "request, query-ref, inform, cfp, propose, cancel, …", "request")
    .option("--data <json>", "JSON content instead of text; @file reads a file")
    .option("--from <name>", "sender; default: user")
    .option("--protocol <name>", "protocol of the conversation, for example fipa-request")
    .option("--conversation <id>", "conversation of the message; default: a new one")
    .option("--in-reply-to <word>", "reply_with or id of the message that this one answers")
    .option("--reply-with <word>", "value that replies name in in_reply_to")
    .option("--parent <conversation>", "parent of a new conversation: its id or the end of it")
    .option("--reply-by <time>", "deadline for the reply: 10m from now, or 2026-12-01T12:00:00Z")
    .option("--priority <priority>", "low, normal, high, critical")
    .option(
      "--strategy <strategy>",
      "how to select the provider: best_match, round_robin, least_loaded, weighted, fastest",
    )
    .addOption(listOption("--set <key=value>", "any other parameter, for example ttl=30s; may be repeated"))
    .option("-w, --wait <duration>", "wait up to this long for a reply, for example 60s")
    .option("--idempotency-key <key>", "idempotency key; a repeated request sends no second message")
    .option("--sign-key <file>", "sign with this Ed25519 key, which caxton participant key create made")
    .option("--dry-run", "check the message and print its recipients, without sending it");
  examples(command, [
    ['caxton message send --to data-analyzer "describe examples/data/sales.csv" --wait 60s', "ask one agent"],
    ['caxton message send --capability data-analysis "what sold best?" -w 1m', "ask a provider"],
    [`caxton message send --topic orders.created -p inform --data '{"id": 7}'`, "notify subscribers"],
    [
      'caxton message send --to greeter -p cfp --protocol fipa-contract-net "paint the fence" -w 30s',
      "call for a proposal",
    ],
  ]);
  act(command, invocation, {
    input: SendInput,
    formats: ONE_FORMATS,
    run: async (context, input) => {
      const replyBy = await instantOf(input.replyBy);
      const parent = input.parent === undefined ? undefined : await resolveConversation(context, input.parent);
      const plain = messageOf({ ...input, replyBy, parent }, "caxton message send");
      const body = input.signKey === undefined ? plain : await signed(context, plain, input.signKey);
      if (input.dryRun) return check(context, body);
      const { waitMs, query } = await waitOf(input.wait, "caxton message send");
      const { raw, value } = await context.client.call(
        operations.message.send,
        { ...body, ...query },
        { idempotencyKey: input.idempotencyKey, ...(waitMs > 0 && { timeoutMs: waitMs + ANSWER_MS }) },
      );
      await showOne(context, { raw, name: value.id, human: () => receiptText(context, value, waitMs > 0) });
      return exitCode(value, waitMs > 0);
    },
  });
}

/** `caxton message replay` */
export function replay(command: Command, invocation: Invocation): void {
  command
    .summary("resend a message")
    .description("Resend a stored message: the same content and address, under a new id, in a new conversation.")
    .argument("<message>", "id, end of the id, or last")
    .option("-w, --wait <duration>", "wait up to this long for a reply, for example 60s");
  examples(command, [["caxton message replay last --wait 60s", ""]]);
  act(command, invocation, {
    input: z.object({ message: z.string(), wait: z.string().optional() }),
    formats: ONE_FORMATS,
    run: async (context, { message: reference, wait }) => {
      const id = await resolveMessage(context, reference);
      const { waitMs, query } = await waitOf(wait, "caxton message replay");
      const { raw, value } = await context.client.call(
        operations.message.replay,
        { id, ...query },
        waitMs > 0 ? { timeoutMs: waitMs + ANSWER_MS } : {},
      );
      await showOne(context, { raw, name: value.id, human: () => receiptText(context, value, waitMs > 0) });
      return exitCode(value, waitMs > 0);
    },
  });
}

async function check(context: Context, body: JsonObject): Promise<number> {
  const { raw, value } = await context.client.call(operations.message.validate, body);
  await showOne(context, {
    raw,
    name: value.recipients.join("\n"),
    human: () =>
      value.valid
        ? safeText(
            `valid; recipients: ${value.recipients.join(", ") || "none"}\n${value.nearest === null ? "" : `${takenText(value.nearest)}\n`}${standingText(value)}`,
          )
        : value.problems
            .map(({ path, message, fix }) => safeText(`${path === "" ? "" : `${path}: `}${message}\n  ${fix}\n`))
            .join(""),
  });
  return value.valid ? 0 : 2;
}

/** What its protocol expects, on a line. */
function standingText({ conversation }: MessageCheck): string {
  if (conversation === null) return "";
  const { protocol, id, state, expected } = conversation;
  const who = expected.map(({ who: name, acts }) => `${acts.join(" or ")} by ${name}`).join("; ");
  return `${protocol}: ${state === null ? "it would begin a conversation" : `allowed now in ${id}, as are ${who}`}\n`;
}

/** So long from now, or as it is: the server says what is wrong with it. */
async function instantOf(text: string | undefined): Promise<string | undefined> {
  const { parseDuration } = await import("../../text/documents/index.ts");
  const ms = text === undefined ? undefined : parseDuration(text);
  const at = new Date(systemClock.nowMs() + (ms ?? Number.NaN));
  return Number.isNaN(at.getTime()) ? text : at.toISOString();
}

async function waitOf(text: string | undefined, path: string) {
  if (text === undefined) return { waitMs: 0, query: {} };
  const { parseDuration } = await import("../../text/documents/index.ts");
  const waitMs = parseDuration(text);
  if (waitMs === undefined || waitMs > messages.WAIT_S_MAX * 1_000)
    throw new UsageError(`--wait is no duration up to ${messages.WAIT_S_MAX}s: "${text}"`, path);
  return { waitMs, query: { wait: waitMs / 1_000 } };
}

function messageOf(input: SendInput, path: string): JsonObject {
  const { to, data } = input;
  if (data !== undefined && input.content !== undefined) throw new UsageError("give a text or --data, not both", path);
  const content = data === undefined ? textOf(input.content) : dataOf(data, path);
  if (content === undefined) throw new UsageError("say something: a text, - for standard input, or --data", path);
  const { from: sender, conversation: conversation_id, inReplyTo: in_reply_to } = input;
  const { replyWith: reply_with, replyBy: reply_by, strategy: routing_strategy, parent: parent_conversation } = input;
  const { performative, capability, topic, protocol, priority } = input;
  return {
    ...parametersOf(input.set, path),
    performative,
    content,
    ...(to.length > 0 && { receiver: to.length === 1 ? to[0] : to }),
    ...(input.broadcast && { broadcast: true }),
    ...given({ capability, topic, sender, protocol, conversation_id, in_reply_to }),
    ...given({ reply_with, reply_by, priority, routing_strategy, parent_conversation }),
  };
}

const given = (values: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

const textOf = (content: string | undefined): string | undefined =>
  content === "-" ? readFileSync(0, "utf8") : content;

function dataOf(data: string, path: string): Json {
  const text = data.startsWith("@") ? readFileSync(data.slice(1), "utf8") : data;
  const parsed = parseJson(text);
  if (parsed.type === "parsed") return parsed.value;
  throw new UsageError(`--data is not JSON: ${parsed.reason}`, path);
}

function parametersOf(settings: readonly string[], path: string): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    settings.map((setting): [string, Json] => {
      const place = setting.indexOf("=");
      if (place < 1) throw new UsageError(`--set takes key=value, not "${setting}"`, path);
      const value = setting.slice(place + 1);
      const parsed = parseJson(value);
      return [setting.slice(0, place), parsed.type === "parsed" ? parsed.value : value];
    }),
  );
}

const takenText = (nearest: NearestCapability): string =>
  safeText(`no provider for that capability; routed to the most similar one, ${nearestText(nearest)}`);

function receiptText({ terminal: { style } }: Context, receipt: MessageReceipt, waited: boolean): string {
  const lines = [`${receipt.id}  conversation ${safeText(receipt.conversation_id)}`];
  if (receipt.error !== null) {
    const { code, message, hint } = receipt.error;
    lines.push(`${style("red", receipt.answer ?? "failure")}  ${code}: ${safeText(message)}`);
    if (hint !== "") lines.push(safeText(hint));
  } else {
    const to = receipt.recipients.join(", ") || "no recipient: its topic has no subscribers";
    lines.push(receipt.duplicate ? "it was accepted before" : `accepted for ${safeText(to)}`);
    if (receipt.nearest !== null) lines.push(takenText(receipt.nearest));
    if (receipt.unchecked_protocol !== null)
      lines.push(safeText(`the protocol ${receipt.unchecked_protocol} is not checked`));
  }
  if (receipt.reply !== null) lines.push("", ...replyLines(receipt.reply, style));
  else if (waited && receipt.error === null) lines.push(style("yellow", "no answer came in time; it may still come"));
  return `${lines.join("\n")}\n`;
}

function replyLines(
  reply: NonNullable<MessageReceipt["reply"]>,
  style: Context["terminal"]["style"],
): readonly string[] {
  const { performative, sender, content } = reply;
  const done = typeof performative === "string" ? performative : "";
  const said = typeof content === "string" ? content : JSON.stringify(content, undefined, 2);
  const head = `${style(performativeTone(done) ?? "bold", done)} from ${typeof sender === "string" ? oneLine(sender) : ""}`;
  return [head, safeText(said)];
}

function exitCode({ error, reply }: MessageReceipt, waited: boolean): number {
  if (error !== null) return EXIT_UNSUCCESSFUL;
  if (!waited) return 0;
  const done = reply?.["performative"];
  return typeof done === "string" && !UNSUCCESSFUL.has(done) ? 0 : EXIT_UNSUCCESSFUL;
}
