import type { Difference, RunDiff, Step } from "../../api/contract/index.ts";
import type { Json } from "../../kernel/json.ts";
import { type Look, oneLine, safeText, showTokens, truncate } from "../terminal/index.ts";

export type DiffOptions = {
  readonly look: Look;
  /** Steps that are alike are shown too, and texts in full. */
  readonly verbose: boolean;
};

const TEXT_CHARS_MAX = 400;
const LINES_MAX = 12;

/** Two runs side by side, as text: what one has is marked -, what the other has is marked +. */
export function renderDiff(diff: RunDiff, options: DiffOptions): string {
  const { style } = options.look;
  const { a, b } = diff;
  const lines = [
    style("red", `- ${a.id}  ${a.agent}@${a.revision}  ${a.state}  ${tokens(a)}`),
    style("green", `+ ${b.id}  ${b.agent}@${b.revision}  ${b.state}  ${tokens(b)}`),
    "",
    ...diff.differences.flatMap((difference) => differenceLines(difference, options, "")),
  ];
  for (const pair of diff.steps) {
    if (pair.a && pair.b) {
      if (pair.differences.length === 0) {
        if (options.verbose) lines.push(style("dim", `  = ${nameOf(pair.a)}`));
        continue;
      }
      const numbers = pair.a.index === pair.b.index ? "" : `  (${pair.a.index} and ${pair.b.index})`;
      lines.push(`${style("yellow", "~")} ${style("bold", nameOf(pair.a))}${numbers}`);
      lines.push(...pair.differences.flatMap((difference) => differenceLines(difference, options, "    ")));
    } else if (pair.a) lines.push(style("red", `- ${nameOf(pair.a)}  ${givenTo(pair.a, options)}`));
    else if (pair.b) lines.push(style("green", `+ ${nameOf(pair.b)}  ${givenTo(pair.b, options)}`));
  }
  if (diff.same) lines.push("The runs are alike in all but ids and times.");
  return `${lines.join("\n")}\n`;
}

const tokens = (run: RunDiff["a"]): string =>
  `${showTokens(run.input_tokens, run)} → ${showTokens(run.output_tokens, run)} tokens`;

const nameOf = (step: Step): string =>
  step.kind === "model" ? `${step.index}  model  turn ${step.turn}` : `${step.index}  tool   ${oneLine(step.tool)}`;

const givenTo = (step: Step, { verbose }: DiffOptions): string =>
  step.kind === "model" ? "" : cut(JSON.stringify(step.arguments), verbose);

function differenceLines({ what, a, b }: Difference, { look, verbose }: DiffOptions, indent: string): string[] {
  const { style } = look;
  const lines = (sign: string, tone: "red" | "green", value: Json) =>
    shown(value, verbose).map((line) => `${indent}  ${style(tone, `${sign} ${line}`)}`);
  return [`${indent}${what}`, ...lines("-", "red", a), ...lines("+", "green", b)];
}

function shown(value: Json, verbose: boolean): readonly string[] {
  if (value === null) return ["(none)"];
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text === "") return ["(empty)"];
  const lines = safeText(text).split("\n");
  if (verbose) return lines;
  const few = lines.slice(0, LINES_MAX).map((line) => truncate(line, TEXT_CHARS_MAX));
  return lines.length > LINES_MAX ? [...few, `… ${lines.length - LINES_MAX} more lines (-v shows all)`] : few;
}

const cut = (text: string, whole: boolean): string =>
  whole ? safeText(text) : truncate(oneLine(text), TEXT_CHARS_MAX);
