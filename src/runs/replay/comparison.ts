import type { Json } from "../../kernel/json.ts";
import type { JournalEntry, RunEvent } from "../record/index.ts";
import { asksOf, callsOf, requestsOf } from "./recording.ts";

/** A divergence of a replay from its recording. */
export type Divergence = {
  /** Turn of the model; null for the run as a whole. */
  readonly turn: number | null;
  /** Type of the event, or `prompts`. */
  readonly event: string;
  /** The call it is about. */
  readonly tool: string | null;
  /** Path within the event, as `content.arguments`; empty for the whole event. */
  readonly field: string;
  readonly recorded: Json;
  readonly replayed: Json;
  readonly reason: string;
};

type Compared = { readonly key: string; readonly turn: number; readonly event: RunEvent };

/**
 * The events of a run that must come out the same, in an order that does not depend on which of several calls was done
 * first: each turn's summaries, its requests, its failures, its answer, its calls, what was asked of them, their results; at last the end.
 */
function comparable(entries: readonly JournalEntry[]): readonly Compared[] {
  const events = entries.map(({ event }) => event);
  const turns = Math.max(0, ...events.map((event) => ("step" in event ? event.step : 0)));
  const compared: Compared[] = [];
  for (let turn = 1; turn <= turns; turn += 1) {
    const of = events.filter((event) => "step" in event && event.step === turn);
    const add = (kind: string, list: readonly RunEvent[]) =>
      compared.push(...list.map((event, place) => ({ key: `${turn}/${kind}/${place}`, turn, event })));
    add("model-start", requestsOf(entries, turn));
    for (const type of ["context-summary", "model-fail", "model-end", "model-choice-wait", "output-reject"] as const)
      add(
        type,
        of.filter((event) => event.type === type),
      );
    const calls = callsOf(entries, turn);
    add(
      "tool-start",
      calls.map(({ start }) => start),
    );
    add("approval-ask", asksOf(entries, turn));
    for (const [place, { end }] of calls.entries())
      if (end) compared.push({ key: `${turn}/tool-end/${place}`, turn, event: end });
  }
  const end = events.find((event) => event.type === "run-complete" || event.type === "run-fail");
  return end ? [...compared, { key: "end", turn: turns, event: end }] : compared;
}

/**
 * What is another in each run although nothing is: ids, times, prices, who was let go first, what an approval was bound to
 * while other rules held, and what kept a model from writing a summary.
 */
const PASSING = new Set([
  "callId",
  "durationMs",
  "firstPartMs",
  "queuedMs",
  "cost",
  "charged",
  "limited",
  "queued",
  "expiresAtMs",
  "approvalId",
  "bound",
  "reason",
  "degraded",
]);

const REASONS: { readonly [field: string]: string } = {
  "": "one of them does not have this event",
  model: "another model would be asked",
  rule: "another rule asks for it",
  level: "another rule asks for it",
  backups: "the definition's backups have changed",
  problems: "the schema of the answer has changed",
  coversThroughTurn: "other turns would be summarized",
  "content.context": "another part of the dialogue would be sent",
  offered: "the model would be offered other tools",
  server: "the tool is not the one it was",
  tool: "the tool is not the one it was",
  repeatable: "what the tool says of its effects has changed",
  outcome: "the call would end otherwise",
  retryInMs: "the rules for retries have changed",
  next: "the definition's backups have changed",
  "content.arguments": "the arguments are read differently",
  "content.text": "the model or the user would be shown another text",
  "content.output": "the answer would be another",
  failure: "it would fail otherwise",
  artifacts: "other files would be made",
};

/** Both journals event by event; what only one of them has counts as a whole. */
export function compare(
  recorded: readonly JournalEntry[],
  replayed: readonly JournalEntry[],
  isOver: boolean,
): { readonly compared: number; readonly divergences: readonly Divergence[] } {
  const expected = comparable(recorded);
  const made = new Map(comparable(replayed).map((each) => [each.key, each]));
  const divergences: Divergence[] = [];
  let compared = 0;
  for (const each of expected) {
    const other = made.get(each.key);
    made.delete(each.key);
    // If the recording was interrupted from outside, the replay does not repeat its end.
    if (!other && each.key === "end" && !isOver) continue;
    compared += 1;
    divergences.push(...(other ? differences(each, other.event) : [whole(each, each.event, null)]));
  }
  for (const extra of made.values()) divergences.push(whole(extra, null, extra.event));
  return { compared, divergences };
}

const jsonOf = (value: unknown): Json => {
  const parsed: Json = JSON.parse(JSON.stringify(value ?? null));
  return parsed;
};

const positionOf = ({ turn, event }: Compared) => ({
  turn,
  event: event.type,
  tool: event.type === "tool-start" ? event.name : event.type === "approval-ask" ? event.tool : null,
});

const whole = (each: Compared, recorded: RunEvent | null, replayed: RunEvent | null): Divergence => ({
  ...positionOf(each),
  field: "",
  recorded: recorded && jsonOf(fieldsOf(recorded)),
  replayed: replayed && jsonOf(fieldsOf(replayed)),
  reason: REASONS[""] ?? "",
});

/** Compared fields of an event, by path. */
function fieldsOf(event: RunEvent): { readonly [path: string]: unknown } {
  const { content, ...rest } = { content: undefined, ...event };
  const fields = Object.entries(rest).map(([key, value]): [string, unknown] =>
    key === "artifacts" && Array.isArray(value) ? [key, value.map(withoutId)] : [key, withoutRun(key, value)],
  );
  const inner = Object.entries(content ?? {}).map(([key, value]): [string, unknown] => [`content.${key}`, value]);
  return Object.fromEntries([...fields, ...inner].filter(([key, value]) => !PASSING.has(key) && value !== undefined));
}

/** The run that continues has an id of its own in a replay. */
const withoutRun = (key: string, value: unknown): unknown =>
  key === "handedTo" && typeof value === "object" && value !== null ? { ...value, run: "" } : value;

function withoutId(artifact: unknown): unknown {
  if (typeof artifact !== "object" || artifact === null) return artifact;
  return Object.fromEntries(Object.entries(artifact).filter(([key]) => key !== "id"));
}

function differences(each: Compared, other: RunEvent): readonly Divergence[] {
  const [recorded, replayed] = [fieldsOf(each.event), fieldsOf(other)];
  const names = [...new Set([...Object.keys(recorded), ...Object.keys(replayed)])];
  return names.flatMap((field) => {
    const [one, two] = [jsonOf(recorded[field]), jsonOf(replayed[field])];
    // An older version did not write it down: there is nothing to hold the replay against.
    if (JSON.stringify(one) === JSON.stringify(two) || recorded[field] === undefined) return [];
    return [{ ...positionOf(each), field, recorded: one, replayed: two, reason: REASONS[field] ?? "it differs" }];
  });
}
