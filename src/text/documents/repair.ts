import type { Place } from "./problem.ts";

type Change = Place & { readonly reason: string; readonly fix: string };

/** Front matter made into YAML, line for line. */
export type Repair = {
  readonly yaml: string;
  readonly changes: readonly Change[];
  /** By line: how many columns further right its text stood before. */
  readonly shifts: ReadonlyMap<number, number>;
};

const FIELD = /^([A-Za-z_][\w-]*):([ \t]+)(\S.*)$/;
const BLOCK = /^[|>][-+0-9]*([ \t]+#.*)?$/;

/** Repairs fields after line `openLine` of front matter that is not YAML: takes common indentation off and quotes values that confuse YAML. */
export function repairFrontMatter(yaml: string, openLine: number): Repair {
  const lines = yaml.split("\n");
  const shifts = new Map<number, number>();
  const changes: Change[] = [];
  dedent(lines, openLine, shifts);
  for (let index = openLine; index < lines.length; index += 1) {
    const field = FIELD.exec(lines[index] ?? "");
    if (field === null) continue;
    const [, key = "", gap = "", value = ""] = field;
    const last = lastContinuation(lines, index);
    if (!BLOCK.test(value) && !isSafe(value, lines.slice(index + 1, last + 1))) {
      const start = key.length + 1 + gap.length;
      quote(lines, index, last, start);
      changes.push({
        line: index + 1,
        column: start + 1 + (shifts.get(index + 1) ?? 0),
        length: value.length,
        reason: `the text of ${key} is not valid YAML without quotes; it was read as it stands`,
        fix: `Put the text of ${key} in quotes.`,
      });
    }
    index = last;
  }
  return { yaml: lines.join("\n"), changes, shifts };
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

function dedent(lines: string[], openLine: number, shifts: Map<number, number>): void {
  const filled = lines
    .map((line, index) => ({ line, index }))
    .filter(({ line, index }) => index >= openLine && line.trim() !== "");
  const common = filled.reduce((least, { line }) => Math.min(least, indentOf(line)), Infinity);
  for (const [position, { line, index }] of filled.entries()) {
    // Nothing stands above the first field that it could be a part of, so its own indentation means nothing.
    const width = position === 0 ? indentOf(line) : common;
    lines[index] = line.slice(width);
    shifts.set(index + 1, width);
  }
}

/** The last line of a plain value: lines indented deeper belong to it, blank lines between them too. */
function lastContinuation(lines: readonly string[], from: number): number {
  let last = from;
  for (let index = from + 1; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    if (line.trim() === "") continue;
    if (indentOf(line) === 0) break;
    last = index;
  }
  return last;
}

function isSafe(value: string, continuation: readonly string[]): boolean {
  const text = [value, ...continuation].join("\n").trimEnd();
  const first = text.charAt(0);
  if (first === '"' || first === "'")
    return text.length > 1 && text.endsWith(first) && !text.slice(1, -1).includes(first);
  if (first === "[" || first === "{") return text.endsWith(first === "[" ? "]" : "}") || isUnclosed(text);
  return !/: |:$| #|^[@`%*&!,\]}?|>-]/m.test(text);
}

/** An unclosed flow collection is a mistake, and no text: quotes would hide it. */
const isUnclosed = (text: string): boolean => [...text.matchAll(/[[{]/g)].length > [...text.matchAll(/[\]}]/g)].length;

function quote(lines: string[], from: number, last: number, start: number): void {
  for (let index = from; index <= last; index += 1) {
    const line = lines[index] ?? "";
    const at = index === from ? start : 0;
    const text = line.slice(at).replaceAll("'", "''");
    lines[index] = `${line.slice(0, at)}${index === from ? "'" : ""}${text}${index === last ? "'" : ""}`;
  }
}
