import { compileExpression } from "../../text/expressions/index.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "../../kernel/json.ts";
import { type Message } from "../acl/index.ts";
import { type Reputation } from "./history.ts";
import { type Ranked } from "./steps.ts";
import { type Bidder, type Task, TASK_LIMITS } from "./task.ts";

const NOTE_CHARS_MAX = 500;
const FENCED = /```(?:json)?\s*\n([\s\S]*?)```/u;

/** A proposal as fields: its JSON, JSON within its text, or its text as `text`. */
export function bidIn(message: Message): JsonObject {
  const { content } = message;
  switch (content.type) {
    case "json":
      return isJsonObject(content.value) ? small(content.value) : { value: content.value };
    case "text":
      return small(objectIn(content.text) ?? { text: content.text });
    case "artifact":
      return { artifact: content.artifact.id };
  }
}

/** A bid too large to be kept for each bidder is kept as the beginning of its text. */
function small(bid: JsonObject): JsonObject {
  const text = JSON.stringify(bid);
  return text.length <= TASK_LIMITS.bidBytesMax ? bid : { text: text.slice(0, NOTE_CHARS_MAX) };
}

/** The JSON object that a text is, or has in it as a block of code: models like to say a word before. */
function objectIn(text: string): JsonObject | undefined {
  const inner = FENCED.exec(text)?.[1] ?? text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1);
  for (const candidate of [text, inner]) {
    const parsed = parseJson(candidate.trim());
    if (parsed.type === "parsed" && isJsonObject(parsed.value)) return parsed.value;
  }
  return undefined;
}

/** The price that a bid names; undefined where it names none, and is no bid in an auction. */
export function priceIn(bid: JsonObject | undefined): number | undefined {
  const price = bid?.["price"];
  return typeof price === "number" && Number.isFinite(price) ? price : undefined;
}

/** What a message says, in few words. */
export function summaryOf({ content, error }: Message): string {
  if (error !== undefined) return error.message.slice(0, NOTE_CHARS_MAX);
  if (content.type === "text") return content.text.slice(0, NOTE_CHARS_MAX);
  return JSON.stringify(content.type === "json" ? content.value : content.artifact).slice(0, NOTE_CHARS_MAX);
}

/** The result that a message reports. */
export function resultOf({ content }: Message): Json {
  switch (content.type) {
    case "json":
      return content.value;
    case "text":
      return content.text;
    case "artifact":
      return { $artifact: { ...content.artifact } };
  }
}

/** What a judge said: the names of bidders in order, or what is wrong with the answer. */
export function rankingIn(task: Task, message: Message): readonly Ranked[] | string {
  const names = task.bidders.filter(({ state }) => state === "proposed").map(({ name }) => name);
  const answer = bidIn(message);
  const given = answer["ranking"] ?? answer["winner"] ?? answer["text"] ?? answer["value"];
  const ranking = (Array.isArray(given) ? given : [given]).map((name) => String(name).trim());
  const unknown = ranking.filter((name) => !names.includes(name));
  if (unknown.length > 0)
    return `${unknown.join(", ").slice(0, NOTE_CHARS_MAX)} made no proposal; these did: ${names.join(", ")}`;
  return [...new Set(ranking)].map((name) => ({ name, score: undefined }));
}

/** What an expression over bids sees. */
export type BidFacts = {
  readonly bid: JsonObject;
  readonly bidder: string;
  readonly history: {
    readonly tasks: number;
    readonly success_rate: number;
    readonly seconds: number;
    readonly cost: number;
  };
};

export const factsOf = ({ name, bid }: Bidder, measured: Reputation): BidFacts => ({
  bid: bid ?? {},
  bidder: name,
  history: {
    tasks: measured.tasks,
    success_rate: measured.successRate,
    seconds: measured.seconds,
    cost: measured.cost,
  },
});

/** A number for a bid; undefined when the expression gives none for it. */
export type BidScore = (facts: BidFacts) => number | undefined;

/** An expression over `bid`, `bidder` and `history`, ready to be used. Throws ExpressionInvalidError. */
export function bidScore(source: string): BidScore {
  const expression = compileExpression(source, { variables: ["bid", "bidder", "history"] });
  return (facts) => {
    const outcome = expression.evaluate(facts);
    return outcome.type === "value" && typeof outcome.value === "number" ? outcome.value : undefined;
  };
}

const numberIn = (bid: JsonObject | undefined, names: readonly string[]): number | undefined => {
  for (const name of names) {
    const value = bid?.[name];
    if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  }
  return undefined;
};
const COST = ["cost", "price", "estimated_cost"];
const SECONDS = ["seconds", "estimated_time", "estimated_seconds", "time"];
const CONFIDENCE = ["confidence"];

export const costIn = (bid: JsonObject | undefined): number | undefined => numberIn(bid, COST);
export const secondsIn = (bid: JsonObject | undefined): number | undefined => numberIn(bid, SECONDS);

/**
 * `best_bid`: how likely it is to be done (confidence as claimed, share done as measured), divided by cost and by time as
 * multiples of the least bid; what a bid does not say is taken as the dearest and slowest said. The greatest is the best.
 */
export function bestBid(bidders: readonly Bidder[], measured: (name: string) => Reputation): readonly Ranked[] {
  const costs = multiples(bidders.map(({ bid }) => costIn(bid)));
  const times = multiples(bidders.map(({ bid }) => secondsIn(bid)));
  return ranked(
    bidders.map((bidder, index) => {
      const confidence = Math.min(1, numberIn(bidder.bid, CONFIDENCE) ?? 1);
      const score = (confidence * measured(bidder.name).successRate) / ((costs[index] ?? 1) * (times[index] ?? 1));
      return { name: bidder.name, score };
    }),
    "max",
  );
}

function multiples(values: readonly (number | undefined)[]): readonly number[] {
  const said = values.filter((value) => value !== undefined);
  if (said.length === 0) return values.map(() => 1);
  const least = Math.min(...said);
  const most = Math.max(...said);
  // Free ones are best, and how much better is a matter of taste: one more of the least unit that is not free.
  const unit = least > 0 ? 0 : Math.min(...said.filter((value) => value > 0), 1);
  return values.map((value) => ((value ?? most) + unit) / (least + unit || 1));
}

/** Best first; equal ones in the order of their names, those without a number last. */
export function ranked(scores: readonly Ranked[], order: "min" | "max"): readonly Ranked[] {
  const sign = order === "min" ? 1 : -1;
  return scores.toSorted((one, other) => {
    if (one.score === undefined || other.score === undefined)
      return Number(one.score === undefined) - Number(other.score === undefined);
    return sign * (one.score - other.score) || (one.name < other.name ? -1 : 1);
  });
}
