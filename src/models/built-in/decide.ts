import type { JsonObject } from "../../kernel/json.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { ModelMessage, ModelRequest, ModelTool } from "../port/index.ts";
import { toollessText } from "./ability.ts";
import { answerRequest } from "./answers/answer.ts";
import { failure, type Section, SIGNATURE } from "./bench.ts";
import { Ledger } from "./ledger.ts";
import {
  askedParts,
  askExamples,
  handedOffParts,
  isMessageTool,
  messageIn,
  proposal,
  userParts,
  withoutHandOff,
} from "./messages.ts";
import { requestText, type RequestText } from "./request-text.ts";
import { toolboxOf } from "./toolbox.ts";
import { listed, type Request, understand } from "./language/index.ts";

/** One turn of the model: its text and its calls; without calls the answer is complete. */
export type Decision = { readonly text: string; readonly calls: readonly PlannedCall[] };
export type PlannedCall = { readonly name: string; readonly arguments: JsonObject };

/** The next turn for a request; the same request always gets the same turn. */
export function decide({ messages, tools, requestAt = 0 }: ModelRequest): Decision {
  // A file may have changed since an earlier request of the thread, so its calls are made again.
  const ledger = new Ledger(messages.slice(requestAt));
  const newest = messages.findLast((message) => message.role === "user")?.text ?? "";
  const letter = messageIn(newest);
  // Programs compare proposals: a proposal is only JSON, and names its author.
  if (letter?.performative === "cfp") return { text: proposal(letter), calls: [] };
  const texts = textsIn(messages);
  const request = requestIn(texts.map(({ text }) => text));
  const handedOff = handedOffParts(letter?.content ?? newest, tools, ledger);
  const asked =
    handedOff.length > 0
      ? handedOff
      : [...userParts(request.text, tools, ledger), ...askedParts(request.text, tools, ledger)];
  const sections = asked.length > 0 ? asked : answered(request, tools, ledger);
  // Calls that do not fit into this turn are made in the next one.
  const wanted = ledger.wanted.slice(0, LIMITS.toolCallsPerTurnMax);
  if (wanted.length === 0) {
    const unused = texts.at(-1)?.unused ?? [];
    const left = unused.length === 0 ? [] : [`I did not use ${listed(unused)}.`];
    return { text: [...sections.map(sectionText), ...left, SIGNATURE].join("\n\n"), calls: [] };
  }
  return {
    text: [...new Set(wanted.map(({ why }) => why))].join(" "),
    calls: wanted.map(({ name, arguments: input }) => ({ name, arguments: input })),
  };
}

function answered(request: Request, tools: readonly ModelTool[], ledger: Ledger): readonly Section[] {
  const toolbox = toolboxOf(tools.filter((tool) => !isMessageTool(tool)));
  return toolbox.all.length === 0
    ? [failure(toollessText(request, askExamples(tools)))]
    : answerRequest(request, toolbox, ledger);
}

/** A message that continues the previous one: "and by island?", "now as a chart". */
const CONTINUES =
  /^\s*(?:and|now|then|also|what about|how about|same|instead|draw (?:it|that|this)|plot (?:it|that|this)|show (?:it|that|this)|make (?:it|that|this))\b/i;
/** Words of a complete question. */
const ASKS = /\b(?:how (?:many|much)|what (?:is|are|was|were)|which|who|when|where)\b/i;
const GROUPING = /\b(?:by|per|for each)\s+\p{L}[\w-]*(?:\s+and\s+\p{L}[\w-]*)?/iu;

/** The requests of the user's messages, in their order. */
const textsIn = (messages: readonly ModelMessage[]): readonly RequestText[] =>
  messages.flatMap((message) =>
    message.role === "user" ? [requestText(withoutHandOff(messageIn(message.text)?.content ?? message.text))] : [],
  );

/** The latest request; what it leaves open is taken from the user's earlier messages. */
function requestIn(texts: readonly string[]): Request {
  const latest = understand(texts.at(-1) ?? "");
  const earlier = texts.slice(0, -1).map(understand);
  const open = latest.files.length === 0 && latest.csv === undefined && latest.urls.length === 0;
  const source = earlier.findLast(({ files, csv }) => files.length > 0 || csv !== undefined);
  if (!open || source === undefined) return latest;
  const previous = texts.at(-2) ?? "";
  const isComplete = latest.figures || latest.asks.size > 0 || ASKS.test(latest.text);
  const whole = CONTINUES.test(latest.text) && !isComplete ? understand(continued(previous, latest.text)) : latest;
  return { ...whole, files: source.files, csv: source.csv, outputs: latest.outputs };
}

/** The previous question with what a fragment adds; another grouping replaces that of the question. */
function continued(previous: string, fragment: string): string {
  const [grouping] = GROUPING.exec(fragment) ?? [];
  return grouping === undefined ? `${fragment}\n${previous}` : `${grouping} ${previous.replace(GROUPING, "")}`;
}

const sectionText = ({ text, caveats }: Section): string =>
  [...text, ...(caveats.length === 0 ? [] : [caveats.join(" ")])].join("\n\n");
