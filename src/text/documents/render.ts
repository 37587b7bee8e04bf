import { styleText } from "node:util";
import type { Problem } from "./problem.ts";

type Look = { readonly colour: boolean };

const LINE_MAX = 160;
/** A line on which a secret may stand is not repeated, whatever is wrong with it. */
const SECRET = /(api[-_]?key|secret|passw(or)?d|(auth|access|bearer)[-_]?token)\w*["']?\s*[=:]/i;

/** One problem for a terminal: where and what, the line with carets under it, and what to do. Without a last newline. */
export function renderProblem(problem: Problem, text: string, { colour }: Look): string {
  const style = (format: "bold" | "red" | "yellow" | "cyan" | "dim", words: string): string =>
    colour ? styleText(format, words, { validateStream: false }) : words;
  const tone = problem.severity === "error" ? "red" : "yellow";
  const where = `${problem.file}:${problem.line}:${problem.column}`;
  const subject = problem.path === "" ? "" : `${problem.path}: `;
  const kind = problem.severity === "warning" ? `${style(tone, "warning")} ` : "";
  const head = `${style("bold", where)}  ${kind}${subject}${problem.message}`;
  const source = text.split(/\r?\n/)[problem.line - 1];
  const frame =
    source === undefined || source.trim() === "" || problem.secret === true || SECRET.test(source)
      ? []
      : codeFrame(problem, source);
  return [
    head,
    ...frame.map((line, index) => (index === 0 ? style("dim", line) : style(tone, line))),
    ...(problem.fix === "" ? [] : [`  ${style("cyan", "fix:")} ${problem.fix}`]),
  ].join("\n");
}

function codeFrame({ line, column, length }: Problem, source: string): readonly string[] {
  // A long line is shown around the caret only.
  const from = column > LINE_MAX - 20 ? column - 40 : 0;
  const shown = source.slice(from, from + LINE_MAX);
  const gutter = String(line);
  const before = shown.slice(0, column - 1 - from).replaceAll(/[^\t]/g, " ");
  const carets = "^".repeat(Math.max(1, Math.min(length, shown.length - (column - 1 - from))));
  return [`  ${gutter} | ${shown}`, `  ${" ".repeat(gutter.length)} | ${before}${carets}`];
}
