import { type Clock, systemClock } from "../../../kernel/clock.ts";
import type {
  LanguageModel,
  ModelFailure,
  ModelMessage,
  ModelPart,
  ModelRequest,
  ModelToolCall,
  ModelUsage,
} from "../../port/index.ts";
import { startDeadline } from "../deadline.ts";
import { failure } from "../failure.ts";
import { ScriptedTurn, type ScriptedTurnInput } from "./script.ts";

export type ScriptedOptions = {
  readonly id?: string | undefined;
  readonly clock?: Clock | undefined;
};

/**
 * A model that plays `turns`: each request gets the turn that follows the assistant turns that the run already has, so a
 * resumed run continues where it was. Past the last turn it fails with class `bad_response`. Throws a ZodError on a malformed turn.
 */
export function scripted(turns: readonly ScriptedTurnInput[], options: ScriptedOptions = {}): LanguageModel {
  return new ScriptedModel(
    turns.map((turn) => ScriptedTurn.parse(turn)),
    options.id ?? "scripted/inline",
    options.clock ?? systemClock,
  );
}

export class ScriptedModel implements LanguageModel {
  readonly id: string;
  readonly limits = undefined;
  readonly #turns: readonly ScriptedTurn[];
  readonly #clock: Clock;
  /** Failures already given, by turn: `error.times` is counted per model object. */
  readonly #failures = new Map<ScriptedTurn, number>();

  constructor(turns: readonly ScriptedTurn[], id: string, clock: Clock) {
    this.id = id;
    this.#turns = turns;
    this.#clock = clock;
  }

  async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPart, void, undefined> {
    using deadline = startDeadline(this.#clock, request.settings.timeoutMs, signal);
    const before = request.turnsLeftOut ?? 0;
    const messages = request.messages.slice(request.requestAt ?? 0);
    const turn = turnFor(this.#turns, messages, before);
    const number = before + assistantTurns(messages) + 1;
    if (turn === undefined) {
      yield { type: "error", failure: failure("bad_response", `${this.id}: the script is over before turn ${number}`) };
      return;
    }
    if (turn.delayMs !== undefined) await this.#clock.sleep(turn.delayMs, deadline.signal).catch(() => undefined);
    for (const part of this.#parts(turn, number)) {
      if (deadline.failure !== undefined) {
        yield { type: "error", failure: deadline.failure };
        return;
      }
      yield part;
    }
  }

  *#parts(turn: ScriptedTurn, number: number): Generator<ModelPart, void, undefined> {
    const text = turn.text ?? "";
    const failed = this.#failureOf(turn);
    if (failed !== undefined) {
      yield* textParts(text.slice(0, turn.error?.afterChars ?? 0), turn.chunkChars);
      yield { type: "error", failure: failed, usage: turn.usage && usageOf(turn) };
      return;
    }
    if (turn.reasoning !== undefined) yield { type: "reasoning-delta", text: turn.reasoning };
    yield* textParts(text, turn.chunkChars);
    const calls = callsOf(turn, number);
    for (const call of calls) yield { type: "tool-call", call };
    yield { type: "finish", reason: turn.finish ?? (calls.length > 0 ? "tool-calls" : "stop"), usage: usageOf(turn) };
  }

  #failureOf(turn: ScriptedTurn): ModelFailure | undefined {
    const { error } = turn;
    if (error === undefined) return undefined;
    const given = this.#failures.get(turn) ?? 0;
    if (error.times !== undefined && given >= error.times) return undefined;
    this.#failures.set(turn, given + 1);
    return failure(error.class, error.message, { status: error.status, retryAfterMs: error.retryAfterMs });
  }
}

/** Returns the turn for a request. Turns whose `when` matches the latest user message are counted from that message on. */
function turnFor(
  turns: readonly ScriptedTurn[],
  messages: readonly ModelMessage[],
  leftOut: number,
): ScriptedTurn | undefined {
  const lastUser = messages.findLastIndex((message) => message.role === "user");
  const firstUser = messages.findLastIndex((message, at) => at < lastUser && message.role !== "user") + 1;
  const said = messages
    .slice(firstUser, lastUser + 1)
    .map((message) => (message.role === "user" ? message.text : ""))
    .join("\n");
  const fitting = turns.filter((turn) => turn.when !== undefined && said.includes(turn.when.userIncludes));
  if (fitting.length > 0) return fitting[leftOut + assistantTurns(messages.slice(lastUser + 1))];
  return turns.filter((turn) => turn.when === undefined)[leftOut + assistantTurns(messages)];
}

const assistantTurns = (messages: readonly ModelMessage[]) =>
  messages.filter((message) => message.role === "assistant").length;

function* textParts(text: string, chunkChars: number | undefined): Generator<ModelPart, void, undefined> {
  const characters = Array.from(text);
  const size = chunkChars ?? characters.length;
  for (let start = 0; start < characters.length; start += size) {
    yield { type: "text-delta", text: characters.slice(start, start + size).join("") };
  }
}

const callsOf = (turn: ScriptedTurn, number: number): readonly ModelToolCall[] =>
  (turn.toolCalls ?? []).map((call, at) => ({
    id: `call_${number}_${at + 1}`,
    name: call.name,
    arguments: typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments),
  }));

const usageOf = ({ usage }: ScriptedTurn): ModelUsage => ({
  inputTokens: usage?.inputTokens,
  outputTokens: usage?.outputTokens,
  cachedInputTokens: usage?.cachedInputTokens,
  cacheWriteTokens: usage?.cacheWriteTokens,
  reasoningTokens: usage?.reasoningTokens,
});
