import { estimateTokens } from "../../kernel/tokens.ts";
import type { ShownResult, TurnResult } from "./turn.ts";

/** Maximum tokens of a shortened older result. */
export const SHORT_TOKENS = 300;
/** A result that is not longer than this is left as it is: the words about what was left out would take as much. */
const SLACK = 1.4;
/** A duplicate that is shorter than this stays, for the same reason. */
const DUPLICATE_TOKENS_MIN = 60;
const HEAD_PART = 0.7;

export type ShortenOptions = {
  readonly tokensMax: number;
  /** The latest call that has each text, by text. */
  readonly latest: ReadonlyMap<string, number>;
  /** Text of the call that reads the omitted part. */
  readonly readOn: (call: number) => string;
};

/** A result in fewer words: its begin and its end, or, when a later call has the same, a reference to that. */
export function shortResult(result: TurnResult, { tokensMax, latest, readOn }: ShortenOptions): ShownResult {
  const { text, tokens, call } = result;
  const later = latest.get(text) ?? call;
  if (later > call && tokens > DUPLICATE_TOKENS_MIN) {
    return shown(`(the same result as that of call ${later}, which follows)`, "duplicate", result);
  }
  if (tokens <= tokensMax * SLACK) return shown(text, "whole", result);
  const chars = Math.max(40, Math.floor((text.length * tokensMax) / tokens));
  const head = Math.floor(chars * HEAD_PART);
  const tail = chars - head;
  const left = text.length - chars;
  if (left <= 0) return shown(text, "whole", result);
  const begin = wholeCharacters(text.slice(0, head));
  const end = wholeCharacters(text.slice(text.length - tail));
  return shown(
    `${begin}\n(… ${left} characters left out here; ${readOn(call)} shows them …)\n${end}`,
    "shortened",
    result,
  );
}

export const wholeResult = (result: TurnResult): ShownResult => ({
  text: result.note === "" ? result.text : `${result.text}\n${result.note}`,
  how: "whole",
  tokens: result.tokens,
});

function shown(text: string, how: ShownResult["how"], result: TurnResult): ShownResult {
  if (how === "whole") return wholeResult(result);
  const all = result.note === "" ? text : `${text}\n${result.note}`;
  return { text: all, how, tokens: estimateTokens(all) };
}

/** Without the half of a pair of surrogates at either end. */
const wholeCharacters = (text: string): string => text.replace(/^[\uDC00-\uDFFF]/, "").replace(/[\uD800-\uDBFF]$/, "");
