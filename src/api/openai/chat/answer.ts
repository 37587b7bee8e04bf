import type { RunDetail, RunStreamEvent } from "../../contract/index.ts";
import { blockerOf, type Caller, followUntilBlocked } from "../../operations/index.ts";
import { runsTo } from "./circumstances.ts";
import { endError } from "./errors.ts";

/** A part of an answer, as it arises. */
export type Piece =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "calls"; readonly calls: readonly ToolCall[] }
  | { readonly type: "end"; readonly reason: "stop" | "tool_calls"; readonly run: RunDetail; readonly usage: Usage };
/** Tokens of all calls of models in the runs of an answer. */
export type Usage = { readonly input: number; readonly output: number };
export type ToolCall = {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
};

export type AnswerOptions = {
  /** Turns of the model up to this one were sent before. */
  readonly afterTurn: number;
  /** Whether only the answer counts: text of turns before it would make its JSON invalid. */
  readonly isWhole: boolean;
  /** Address of the dashboard. */
  readonly dashboard: string;
  /** The run below that waits for a person, if the run waits for it. */
  readonly waiting?: RunDetail | undefined;
};

/** The id of a call names its run, so that its result finds it. */
const CALL_ID = /^call_(?<run>[0-9a-f-]{36})\.(?<input>.+)$/;
export const callId = (run: string, input: string): string => `call_${run}.${input}`;
/** Returns the run and the input that an id names; undefined for another server's. */
export function readCallId(id: string): { readonly run: string; readonly input: string } | undefined {
  const { run, input } = CALL_ID.exec(id)?.groups ?? {};
  return run === undefined || input === undefined ? undefined : { run, input };
}

/** The parts of a run's answer until it ends or waits. Throws an error for a run that ended without an answer. */
export async function* answerOf(
  caller: Caller,
  id: string,
  options: AnswerOptions,
): AsyncGenerator<Piece, void, undefined> {
  const text = new TurnText(options.afterTurn);
  for await (const event of followUntilBlocked(caller, id, ["step", "text-delta"])) {
    if (event.type === "handoff") text.restart();
    const piece = options.isWhole ? "" : text.of(event);
    if (piece !== "") yield { type: "text", text: piece };
    if (event.type !== "end") continue;
    const [runs, waiting] = await Promise.all([runsTo(caller, id, event.run), blockerOf(caller, event.run)]);
    yield* ending(runs, text, { ...options, waiting });
  }
}

/** The same of runs that have ended or wait, each handed off to the next. */
export function* answerIn(runs: readonly RunDetail[], options: AnswerOptions): Generator<Piece, void, undefined> {
  const text = new TurnText(options.afterTurn);
  for (const [index, run] of runs.entries()) {
    if (index > 0) text.restart();
    for (const step of options.isWhole ? [] : run.step_list) {
      const piece = text.of({ type: "step", step });
      if (piece !== "") yield { type: "text", text: piece };
    }
  }
  yield* ending(runs, text, options);
}

export const usageOf = (runs: readonly RunDetail[]): Usage => ({
  input: runs.reduce((sum, run) => sum + run.input_tokens, 0),
  output: runs.reduce((sum, run) => sum + run.output_tokens, 0),
});

function* ending(
  runs: readonly RunDetail[],
  text: TurnText,
  { isWhole, dashboard, waiting }: AnswerOptions,
): Generator<Piece, void, undefined> {
  const run = runs.at(-1);
  if (run === undefined) return;
  const usage = usageOf(runs);
  if (run.state === "failed" || run.state === "cancelled") throw endError(run);
  const calls = run.client_calls.filter(({ state }) => state === "open");
  if (run.state === "awaiting-input" && calls.length > 0) {
    yield { type: "calls", calls: calls.map((call) => toolCall(run.id, call)) };
    return yield { type: "end", reason: "tool_calls", run, usage };
  }
  const rest =
    run.state === "completed" ? (isWhole ? run.output : "") : text.separate(waitingText(run, waiting, dashboard));
  if (rest !== "") yield { type: "text", text: rest };
  yield { type: "end", reason: "stop", run, usage };
}

const toolCall = (run: string, { id, name, arguments: given }: RunDetail["client_calls"][number]): ToolCall => ({
  id: callId(run, id),
  type: "function",
  function: { name, arguments: JSON.stringify(given) },
});

/** A question with its options. */
export const questionText = ({
  message,
  options,
}: Pick<RunDetail["questions"][number], "message" | "options">): string =>
  [message, ...options.map((option) => `- ${option}`)].join("\n");

/** What a run waits for, as its answer: a client of this API can show nothing else. */
function waitingText(own: RunDetail, below: RunDetail | undefined, dashboard: string): string {
  const run = below ?? own;
  const link = `${dashboard}/runs/${own.id}`;
  const question = run.questions.find(({ state }) => state === "open");
  if (question !== undefined && below === undefined) return questionText(question);
  if (question !== undefined)
    return `The agent ${run.agent}, which works for this one, asks: ${questionText(question)}\n\nAnswer it here: ${link}. The run continues then, and its page has the answer.`;
  const tools = run.approvals.filter(({ state }) => state === "open").map(({ tool }) => tool);
  if (tools.length > 0)
    return `The call of ${tools.join(", ")} needs an approval: ${link}. The run continues when it is approved, and its page has the answer.`;
  return `The run waits for a decision: ${link}`;
}

/** The text of turns in their order, each piece once, wherever a reader came in. */
class TurnText {
  #turn: number;
  #chars = 0;
  #hasText = false;

  constructor(afterTurn: number) {
    this.#turn = afterTurn;
    // Nothing of that turn is new.
    this.#chars = Number.POSITIVE_INFINITY;
  }

  /** Continues with the turns of another run. */
  restart(): void {
    this.#turn = 0;
    this.#chars = 0;
  }

  of(event: RunStreamEvent): string {
    if (event.type === "text-delta") return this.#add(event.turn, event.offset, event.text);
    if (event.type !== "step" || event.step.kind !== "model" || event.step.state !== "done") return "";
    return this.#add(event.step.turn, 0, event.step.text);
  }

  /** A paragraph of its own after the text so far. */
  separate(text: string): string {
    const separator = this.#hasText && text !== "" ? "\n\n" : "";
    this.#hasText ||= text !== "";
    return separator + text;
  }

  #add(turn: number, offset: number, text: string): string {
    if (turn < this.#turn) return "";
    const isNew = turn > this.#turn;
    if (isNew) [this.#turn, this.#chars] = [turn, 0];
    const fresh = text.slice(Math.max(0, this.#chars - offset));
    if (fresh === "") return "";
    const isFirst = this.#chars === 0;
    this.#chars = offset + text.length;
    return isFirst ? this.separate(fresh) : fresh;
  }
}
