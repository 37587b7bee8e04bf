// What reading and writing a message costs beside parsing its JSON, and what the public schema would take. Run it alone
// with `node bench/message.ts`.
import {
  composeMessage,
  type Message,
  MessageLines,
  MessageWire,
  readMessage,
  restoreMessage,
  writeMessage,
} from "../src/messaging/acl/index.ts";
import type { Json } from "../src/kernel/json.ts";
import { type Row, table } from "./table.ts";

const COUNT = 2_000;
const ROUNDS = 60;
const TARGET_NS = 200;
const NOW_MS = Date.parse("2026-01-31T12:00:00Z");
const context = { workspace: "default", nowMs: NOW_MS, contentBytesMax: 1_048_576 };

/** Some 600 bytes, as an agent would send it: fifteen keys, every message with its own ids. */
const sentText = (index: number): string => {
  const id = index.toString(16).padStart(12, "0");
  return JSON.stringify({
    id: `01985f3a-7c1e-7b0a-8c1e-${id}`,
    performative: "request",
    sender: `agent-${index % 1_000}`,
    receiver: `agent-${(index + 1) % 1_000}`,
    content: { task: "Summarise the quarterly figures for the board and name the two largest risks.", page: index },
    language: "json",
    ontology: "caxton-v1",
    protocol: "fipa-request",
    conversation_id: `01985f3a-7c1e-7b0a-8c1f-${id}`,
    reply_with: `01985f3a-7c1e-7b0a-8c20-${id}`,
    in_reply_to: `01985f3a-7c1e-7b0a-8c21-${id}`,
    priority: "high",
    trace_id: `4bf92f3577b34da6a3ce${id}`,
    span_id: `00f0${id}`,
    reply_by: "2026-01-31T12:05:00.000Z",
  });
};

/** Nanoseconds for one of `items`: the best of many rounds, which is what is left when nothing disturbs. */
function nsOf<Item>(items: readonly Item[], work: (item: Item) => unknown): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    const startMs = performance.now();
    for (const item of items) {
      // What is worked out is looked at, or the compiler might leave the work out.
      if (work(item) === undefined) throw new Error("the work had no result");
    }
    best = Math.min(best, performance.now() - startMs);
  }
  return (best * 1e6) / items.length;
}

const parse = (text: string): Json => JSON.parse(text);
const fromText = (text: string) => readMessage(parse(text), context);
const lines = (messages: readonly Message[]) => {
  const written = new MessageLines(COUNT * 1_024);
  for (const message of messages) written.add(message);
  return written.length;
};
const ns = (value: number): string => `${Math.round(value)} ns`;
const row = (what: string, caxtonNs: number, peer: string, peerNs: number): Row => ({
  what,
  caxton: ns(caxtonNs),
  peer: `${ns(peerNs)} (${peer})`,
  ratio: `${(peerNs / caxtonNs).toFixed(1)}×`,
  target: "",
  met: undefined,
});

export async function run(): Promise<readonly Row[]> {
  const texts = Array.from({ length: COUNT }, (_, index) => sentText(index));
  const values = texts.map(parse);
  const messages = values.flatMap((value) => {
    const outcome = readMessage(value, context);
    return outcome.type === "message" ? [outcome.message] : [];
  });
  if (messages.length !== COUNT) throw new Error("a message of this bench is refused");
  const stored = messages.map((message) => parse(writeMessage(message)));
  const drafts = messages.map(({ id: _id, trace: _trace, ...draft }) => draft);
  const parseNs = nsOf(texts, (text) => parse(text));
  const checkNs = nsOf(values, (value) => readMessage(value, context));
  const zodNs = nsOf(values, (value) => MessageWire.safeParse(value));
  const writeNs = nsOf(messages, (message) => writeMessage(message));
  const stringifyNs = nsOf(values, (value) => JSON.stringify(value));
  return [
    {
      ...row("message: check and build, beyond JSON.parse", checkNs, "zod, the same schema", zodNs),
      target: `≤ ${TARGET_NS} ns`,
      met: checkNs <= TARGET_NS,
    },
    row("message: read from text", nsOf(texts, fromText), "JSON.parse", parseNs),
    row("message: write", writeNs, "JSON.stringify", stringifyNs),
    row("message: as a line of the journal", nsOf([messages], lines) / COUNT, "JSON.stringify", stringifyNs),
    row(
      "message: read back from the journal",
      nsOf(stored, (json) => restoreMessage(json)),
      "JSON.parse",
      parseNs,
    ),
    row(
      "message: compose, with a new id",
      nsOf(drafts, (draft) => composeMessage(draft)),
      "JSON.parse",
      parseNs,
    ),
  ];
}

if (import.meta.main) process.stdout.write(`${table(await run())}\n`);
