import type { JsonObject } from "../../kernel/json.ts";
import type { ModelTool } from "../port/index.ts";
import { failure, type Section, section, SIGNATURE } from "./bench.ts";
import type { Ledger } from "./ledger.ts";

/** Prefix of Caxton's own message tools; the rules for tables and files skip them. */
const PREFIX = "messages__";
/** Prefix of tools that are agents: a server's name is followed by two underscores instead. */
const AGENT = "agent_";
/** Prefix of tools by which a request is handed off. */
const HANDOFF = "handoff_";
const EXAMPLES_MAX = 3;
/** The tool that asks the user. */
const ASK_USER = "user__ask_user";
export const isMessageTool = ({ name }: ModelTool): boolean =>
  name === ASK_USER ||
  name.startsWith(PREFIX) ||
  ([AGENT, HANDOFF].some((prefix) => name.startsWith(prefix)) && !name.includes("__"));

/** A message as a model receives it; lines in square brackets are not part of the content. */
export type MessagePrompt = { readonly performative: string; readonly sender: string; readonly content: string };

const HEAD = /^\[[\w ]+ \(([a-z-]+)\) from ([^\]\n]+)\]$/m;
const ASIDE = /^\[.*\]$/;

/** Returns the message in a prompt; undefined if the prompt is not a message. */
export function messageIn(text: string): MessagePrompt | undefined {
  const head = HEAD.exec(text);
  if (head === null) return undefined;
  const [line, performative = "", sender = ""] = head;
  const rest = text.slice(head.index + line.length).trim();
  const content = rest.split("\n").filter((each, at, all) => at < all.length - 1 || !ASIDE.test(each));
  return { performative, sender, content: content.join("\n").trim() };
}

/** Terms that follow from the words of the task alone: nothing is known of the work, and the proposal says who made it. */
export function proposal({ content }: MessagePrompt): string {
  let sum = 0;
  for (const character of content.toLowerCase()) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9_973;
  const [, auction] = /"auction":"(english|dutch|sealed)"/.exec(content) ?? [];
  const [, price = "0"] = /"(?:price|reserve)":(-?[\d.]+)/.exec(content) ?? [];
  if (auction !== undefined) return limit(auction, Number(price), sum);
  const words = content.split(/\s+/).filter((word) => word !== "").length;
  return JSON.stringify({
    cost: 1 + (sum % 9),
    seconds: 5 + words,
    note: "terms by Caxton's built-in rule-based model, from the words of the task alone",
  });
}

const BID_NOTE = "a limit by Caxton's built-in rule-based model, from the words of the call alone";
const THIRD = 3;

/** Returns the maximum price for an auction: below the first price in a Dutch auction, above it in others. */
function limit(auction: string, price: number, sum: number): string {
  const unit = Math.max(1, Math.abs(price)) / THIRD;
  const most = auction === "dutch" ? price * (0.5 + (sum % 5) / 10) : price + (1 + (sum % 9)) * unit;
  return JSON.stringify({ max_price: Number(most.toFixed(2)), note: BID_NOTE });
}

/** "ask me which island …": a question to the user. */
const OF_USER =
  /^ask (?:me|us|the user),? (?:for |about )?((?:what|whether|who|how|when|where|which|why|an?|the|my|our)\b.*)$/is;

/** Lines about files of the run, which the reader sees. */
const FILE_LINE = /^\(file .+ shown to the user\)$/gm;
/** An answer of another agent without what is not said to the reader. */
const ownWords = (text: string): string => text.replace(SIGNATURE, "").replaceAll(FILE_LINE, "").trimEnd();

type Question = { readonly whom: JsonObject; readonly name: string; readonly content: string };

/** "ask the agent bob to …", "ask bob what …" */
const BY_NAME =
  /^ask (?:(?:the )?agent )?["'`]?([a-z][\w.-]*[a-z\d])["'`]?,? (to|about|for|what|whether|if|who|how|when|where|which|why)\b(.*)$/is;
/** "ask anyone who can translate to …", "ask an agent with the capability data-analysis to …" */
const BY_CAPABILITY =
  /^ask (?:someone|somebody|anyone|anybody|an agent|whoever)(?: who can| that can| who does| that does| with(?: the)? capability| for)? ["'`]?([a-z][\w:.-]*)["'`]?,? (to|about|what|whether|if|who|how|when|where|which|why)\b(.*)$/is;
const NOT_NAMES: ReadonlySet<string> = new Set([
  "me",
  "you",
  "it",
  "us",
  "them",
  "someone",
  "somebody",
  "anyone",
  "anybody",
  "whoever",
  "an",
  "a",
]);

/** The parts of a request that each ask something. */
const clausesOf = (text: string): readonly string[] =>
  text
    .trim()
    .split(/(?:[,;.]|\band\b|\bthen\b)\s+(?=ask\b)/i)
    .map((clause) => clause.trim().replace(/^please,?\s+/i, ""));

/** Whom a request says to ask, and what. */
function questionsIn(text: string): readonly Question[] {
  return clausesOf(text).flatMap((words) => {
    const skilled = BY_CAPABILITY.exec(words);
    if (skilled !== null) return [questionOf({ capability: skilled[1] ?? "" }, skilled)];
    const named = BY_NAME.exec(words);
    return named === null || NOT_NAMES.has((named[1] ?? "").toLowerCase())
      ? []
      : [questionOf({ to: named[1] ?? "" }, named)];
  });
}

/** Requests by which the tools that reach agents and the user are called. */
export const askExamples = (tools: readonly ModelTool[]): readonly string[] =>
  tools
    .filter(isMessageTool)
    .flatMap(({ name }) => {
      if (name === ASK_USER) return ["Ask me which file to read."];
      if (name.startsWith(AGENT)) return [`Ask the agent ${name.slice(AGENT.length)} to answer this.`];
      return name.startsWith(HANDOFF) ? [`Hand off to ${name.slice(HANDOFF.length)}.`] : [];
    })
    .slice(0, EXAMPLES_MAX);

/** Asks the user what the request says to ask; nothing if it says nothing of this, or without the tool. */
export function userParts(text: string, tools: readonly ModelTool[], ledger: Ledger): readonly Section[] {
  if (!tools.some(({ name }) => name === ASK_USER)) return [];
  return clausesOf(text).flatMap((clause) => {
    const words = OF_USER.exec(clause)?.[1]?.replace(/[\s,;.?]+$/, "");
    if (words === undefined) return [];
    const question = `${words.charAt(0).toUpperCase()}${words.slice(1)}?`;
    const outcome = ledger.ask({ name: ASK_USER, arguments: { question }, why: "I have a question." });
    if (outcome === undefined) return [section([])];
    return [outcome.type === "done" ? section(["The answer is:", outcome.text]) : failure(outcome.text)];
  });
}

function questionOf(whom: JsonObject, [, name = "", word = "", rest = ""]: RegExpExecArray): Question {
  const content = ["to", "for"].includes(word.toLowerCase()) ? rest : `${word}${rest}`;
  return { whom, name, content: content.trim().replace(/[\s,;]+$/, "") };
}

/** "hand off to billing: …", "please hand this over to the agent billing, …" */
const HAND_OFF =
  /^\s*(?:please,?\s+)?hand (?:this |it |me )?(?:off|over) to (?:the )?(?:agent )?["'`]?([a-z][\w.-]*[a-z\d])["'`]?\s*[:,.;]?\s*/i;

/** The request without the words that hand it off. */
export const withoutHandOff = (text: string): string => text.replace(HAND_OFF, "") || text;

/** Hands the request off if it says so; nothing if it does not, or without the tool. */
export function handedOffParts(text: string, tools: readonly ModelTool[], ledger: Ledger): readonly Section[] {
  const [, name = ""] = HAND_OFF.exec(text) ?? [];
  const tool = tools.find((each) => isMessageTool(each) && each.name.toLowerCase() === HANDOFF + name.toLowerCase());
  if (tool === undefined) return [];
  const reason = "the request says so";
  const outcome = ledger.ask({ name: tool.name, arguments: { reason }, why: `I hand this off to ${name}.` });
  return [outcome === undefined ? section([]) : failure(`${name} does not continue: ${outcome.text}`)];
}

/** Returns the replies of the agents that the request says to ask; nothing if it names none, or without the tool. */
export function askedParts(text: string, tools: readonly ModelTool[], ledger: Ledger): readonly Section[] {
  const ask = tools.find(({ name }) => name === `${PREFIX}ask`);
  return questionsIn(text).flatMap(({ whom, name, content }) => {
    const agent = tools.find((each) => isMessageTool(each) && each.name.toLowerCase() === AGENT + name.toLowerCase());
    const tool = agent ?? ask;
    if (tool === undefined) return [];
    const given = agent === undefined ? { ...whom, content } : { request: content };
    const outcome = ledger.ask({ name: tool.name, arguments: given, why: `I will ask ${name}.` });
    if (outcome === undefined) return [section([])];
    return [
      outcome.type === "done"
        ? section([`${name} answers:`, ownWords(outcome.text)])
        : failure(`${name} gave no answer: ${outcome.text}`),
    ];
  });
}
