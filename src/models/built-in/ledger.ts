import { canonicalJson, isJsonObject, type JsonObject, parseJson } from "../../kernel/json.ts";
import type { ModelMessage, ModelToolResult } from "../port/index.ts";

/** A call the rules want, with the sentence that says why. */
export type Call = { readonly name: string; readonly arguments: JsonObject; readonly why: string };

/** The outcome of a call. */
export type Outcome =
  | { readonly type: "done"; readonly text: string; readonly structured: JsonObject }
  | { readonly type: "failed"; readonly text: string };

/**
 * The calls of a dialogue and their results. `ask` returns the result of a previous call, or else records
 * it as wanted. The same plan, run again over a longer dialogue, continues where it was and repeats no call.
 */
export class Ledger {
  readonly #results: ReadonlyMap<string, Outcome>;
  readonly #wanted = new Map<string, Call>();

  constructor(messages: readonly ModelMessage[]) {
    this.#results = resultsOf(messages);
  }

  ask(call: Call): Outcome | undefined {
    const key = keyOf(call.name, call.arguments);
    const known = this.#results.get(key);
    if (known === undefined) this.#wanted.set(key, call);
    return known;
  }

  /** Calls that were asked for and have no result yet, in order. */
  get wanted(): readonly Call[] {
    return [...this.#wanted.values()];
  }
}

const keyOf = (name: string, input: JsonObject) => `${name} ${canonicalJson(input)}`;

function resultsOf(messages: readonly ModelMessage[]): ReadonlyMap<string, Outcome> {
  const calls = new Map(
    messages
      .flatMap((message) => (message.role === "assistant" ? message.toolCalls : []))
      .map((call) => [call.id, call] as const),
  );
  const results = messages.flatMap((message) => (message.role === "tool" ? message.results : []));
  return new Map(
    results.flatMap((result): (readonly [string, Outcome])[] => {
      const call = calls.get(result.id);
      const input = call === undefined ? undefined : parseJson(call.arguments);
      if (call === undefined || input?.type !== "parsed" || !isJsonObject(input.value)) return [];
      return [[keyOf(call.name, input.value), outcomeOf(result)]];
    }),
  );
}

function outcomeOf({ failed, text, structured }: ModelToolResult): Outcome {
  if (failed) return { type: "failed", text };
  const parsed = structured === undefined ? parseJson(text) : undefined;
  const value = parsed?.type === "parsed" ? parsed.value : undefined;
  return { type: "done", text, structured: structured ?? (isJsonObject(value) ? value : {}) };
}
