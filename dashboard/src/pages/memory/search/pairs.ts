import { text } from "../../../text/text.ts";

/**
 * `team=billing, floor=3` as the object that metadata must have: numbers, true, false and null are read as such, a value in quotes is
 * always a text.
 */
export function readPairs(typed: string): { readonly value: object } | { readonly error: string } {
  const pairs = typed
    .split(",")
    .map((pair) => pair.trim())
    .filter((pair) => pair !== "")
    .map((pair) =>
      /^([^=]+)=(.*)$/su
        .exec(pair)
        ?.slice(1)
        .map((part) => part.trim()),
    );
  if (pairs.some((pair) => pair === undefined || pair[0] === "")) return { error: text.memory.noPairs };
  return {
    value: Object.fromEntries(pairs.flatMap((pair) => (pair === undefined ? [] : [[pair[0], valueOf(pair[1])]]))),
  };
}

const LITERAL = /^(?:-?\d+(?:\.\d+)?|true|false|null|".*")$/su;

function valueOf(typed = ""): unknown {
  if (!LITERAL.test(typed)) return typed;
  try {
    return JSON.parse(typed);
  } catch {
    return typed;
  }
}
