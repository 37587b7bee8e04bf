import { isJsonObject, parseJson } from "../../kernel/json.ts";
import type { Content, Message, MessageError } from "../../messaging/acl/index.ts";
import { RunNotFoundError, type RunMessage, type RunView } from "../record/index.ts";
import { bidUpTo, type Call, callIn, limitsIn } from "./bidding.ts";
import { answersTo } from "./trigger.ts";

type Performative = Message["performative"];

/** Reply of an ended run to the requester. */
export type Answer = {
  readonly performative: Performative;
  readonly content: Content;
  readonly error: MessageError | undefined;
};

/** The server whose tools agents take part in conversations with. */
export const MESSAGES = "messages";
export const REPLY = "reply";

/** Performatives for the output of a completed run, by performative of the request; the first permitted one is used. */
const DONE: { readonly [Act in Performative]?: Performative } = {
  cfp: "propose",
  // Nothing is accepted by accident: who accepts says so with the tool reply.
  propose: "reject-proposal",
  subscribe: "agree",
  "request-whenever": "agree",
};
const NOT_DONE: readonly Performative[] = ["failure", "refuse", "reject-proposal"];

/** Answers whose words are an object as a rule: terms of a proposal. */
const AS_JSON: ReadonlySet<Performative> = new Set(["propose"]);

/** Whether the run's model has sent the final reply with its tool. */
const hasFinalReply = ({ steps }: RunView): boolean =>
  steps.some(
    (step) =>
      step.kind === "tool" &&
      step.server === MESSAGES &&
      step.tool === REPLY &&
      step.end.state === "done" &&
      isJsonObject(step.end.structured) &&
      step.end.structured["final"] === true,
  );

/** Whether the run's model has sent any reply to the requester, including `agree`. */
export const hasReplied = ({ steps }: RunView): boolean =>
  steps.some((step) => step.kind === "tool" && step.server === MESSAGES && step.tool === REPLY);

/** A run and those that were handed off to it, newest first. */
export function withEarlier(
  runs: { readonly view: (id: RunView["id"]) => RunView },
  last: RunView,
): readonly RunView[] {
  const all = [last];
  try {
    for (let from = last.handedFrom; from !== null; from = all.at(-1)?.handedFrom ?? null)
      all.push(runs.view(from.run));
  } catch (error) {
    // It was deleted.
    if (!(error instanceof RunNotFoundError)) throw error;
  }
  return all;
}

/** The reply of an ended run, which `all` begins with; undefined if no requester waits for one, or it was already sent. */
export function answerOf(view: RunView, link: RunMessage, all: readonly RunView[] = [view]): Answer | undefined {
  const allowed = answersTo(link);
  if (allowed.length === 0 || all.some(hasFinalReply)) return undefined;
  if (view.state === "completed") {
    const call = callIn(link, view.input);
    if (call !== undefined) return bidOf(view, call);
    const performative = DONE[link.performative] ?? "inform";
    if (!allowed.includes(performative)) return undefined;
    return { performative, content: contentOf(view, performative), error: undefined };
  }
  const performative = NOT_DONE.find((act) => allowed.includes(act)) ?? "failure";
  const error = errorOf(view);
  const text = error.hint === "" ? error.message : `${error.message}. ${error.hint}`;
  return { performative, content: { type: "text", text }, error: performative === "failure" ? error : undefined };
}

/** A bid, or the reason for a refusal. */
function bidOf({ output, outputJson }: RunView, call: Call): Answer {
  const { now } = limitsIn(outputJson === null ? output : JSON.stringify(outputJson));
  const price = now === undefined ? undefined : bidUpTo(now, call);
  if (price !== undefined)
    return { performative: "propose", content: { type: "json", value: { price } }, error: undefined };
  // The price limit is not sent to the seller.
  const text = now === undefined ? output : PASSES;
  return { performative: "refuse", content: { type: "text", text }, error: undefined };
}

/** Text for a price above the limit. */
export const PASSES = "no bid at this price";

function contentOf({ output, outputJson }: RunView, performative: Performative): Content {
  if (outputJson !== null) return { type: "json", value: outputJson };
  const parsed = AS_JSON.has(performative) ? parseJson(unfenced(output)) : undefined;
  if (parsed?.type === "parsed" && isJsonObject(parsed.value)) return { type: "json", value: parsed.value };
  return { type: "text", text: output };
}

/** JSON as models like to write it, in a block of Markdown. */
const unfenced = (text: string): string => /^\s*```(?:json)?\n([\s\S]*?)\n```\s*$/.exec(text)?.[1] ?? text;

function errorOf({ id, failure, state }: RunView): MessageError {
  if (failure !== null) return { ...failure, details: { run: id } };
  return {
    code: "RUN_CANCELLED",
    message: state === "cancelled" ? "the run that worked on it was cancelled" : `the run is ${state}`,
    hint: "",
    details: { run: id },
  };
}
