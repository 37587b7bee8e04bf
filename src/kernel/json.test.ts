import * as fc from "fast-check";
import { expect, test } from "vitest";
import { JSON_DEPTH_MAX, parseJson } from "./json.ts";

/** The definition, character by character. */
function depthOf(text: string): number {
  let [depth, most, quoted, escaped] = [0, 0, false, false];
  for (const character of text) {
    if (quoted) {
      if (!escaped && character === '"') quoted = false;
      escaped = !escaped && character === "\\";
    } else if (character === '"') quoted = true;
    else if (character === "[" || character === "{") most = Math.max(most, (depth += 1));
    else if (character === "]" || character === "}") depth -= 1;
  }
  return most;
}

test("brackets count outside of strings only, whatever is escaped in them", () => {
  const piece = fc.constantFrom("[", "{", "]", "}", '"', "\\", '\\"', "\\\\", "[".repeat(JSON_DEPTH_MAX), "a");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join("");
      const parsed = parseJson(text);
      const isTooDeep = parsed.type === "malformed" && parsed.reason.startsWith("nested deeper");
      expect(isTooDeep).toBe(depthOf(text) > JSON_DEPTH_MAX);
    }),
    { numRuns: 3_000 },
  );
});

test("brackets in a string with escaped quotes and backslashes are not counted", () => {
  const deep = "[".repeat(200);
  for (const text of [`\\"${deep}`, `${deep}\\\\`, `a\\\\\\"${deep}\\"`, `\\\\${deep}`]) {
    const json = `["${text}",1]`;
    expect(parseJson(json)).toEqual({ type: "parsed", value: JSON.parse(json) });
  }
  expect(parseJson(`["\\\\",${deep}`)).toMatchObject({ reason: expect.stringContaining("nested deeper") });
  expect(parseJson(`["\\"${deep}`).type).toBe("malformed");
});
