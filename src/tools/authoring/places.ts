import { isJsonObject, parseJson } from "../../kernel/json.ts";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const CONTINUES = 32;
const BITS = 5;

/** Numbers of one segment of a source map. */
function decode(segment: string): number[] {
  const numbers: number[] = [];
  let [value, shift] = [0, 0];
  for (const character of segment) {
    const digit = DIGITS.indexOf(character);
    value += (digit & (CONTINUES - 1)) * 2 ** shift;
    shift += BITS;
    if ((digit & CONTINUES) !== 0) continue;
    numbers.push(value % 2 === 1 ? -Math.floor(value / 2) : value / 2);
    [value, shift] = [0, 0];
  }
  return numbers;
}

/**
 * What a tool carries of its source map: which line of which file each line of the bundle comes from, as runs of lines
 * that follow each other. `nameOf` makes of a source, as the map has it, what is shown.
 */
export function placesOf(sourceMap: string, nameOf: (source: string) => string): string {
  const parsed = parseJson(sourceMap);
  const map = parsed.type === "parsed" && isJsonObject(parsed.value) ? parsed.value : {};
  const mappings = typeof map["mappings"] === "string" ? map["mappings"] : "";
  const sources = Array.isArray(map["sources"]) ? map["sources"].map(String) : [];
  const runs: [line: number, source: number, sourceLine: number][] = [];
  let [source, sourceLine] = [0, 0];
  for (const [index, line] of mappings.split(";").entries()) {
    let first: readonly [number, number] | undefined;
    for (const segment of line.split(",")) {
      const [, sourceStep, lineStep] = decode(segment);
      if (sourceStep === undefined || lineStep === undefined) continue;
      source += sourceStep;
      sourceLine += lineStep;
      first ??= [source, sourceLine + 1];
    }
    if (first === undefined) continue;
    const [at, atLine] = first;
    const before = runs.at(-1);
    const follows = before !== undefined && before[1] === at && before[2] + (index + 1 - before[0]) === atLine;
    if (!follows) runs.push([index + 1, at, atLine]);
  }
  return JSON.stringify({ sources: sources.map(nameOf), runs });
}
