import type { RunDetail, StepContext } from "../../api/contract/index.ts";
import { oneLine, safeText, showCount } from "../terminal/index.ts";

const FROM: { readonly [From in StepContext["window_from"]]: string } = {
  model: "the model's",
  agent: "the definition's",
  default: "the server's default",
  refused: "the provider refused more",
};

/** What went into a request, a line for each part. */
export function contextLines(context: StepContext, counted: number | null): readonly string[] {
  const { estimate, window, reserve } = context;
  const provided = counted === null ? "" : `, ${showCount(counted)} as the provider counts`;
  const head = `≈ ${showCount(estimate)} of ${showCount(window - reserve)} tokens${provided} (window ${showCount(window)}, ${FROM[context.window_from]})`;
  const parts = context.parts.map(
    ({ what, tokens, action, why }) => `${showCount(tokens).padStart(7)}  ${oneLine(what)}  ${action}: ${oneLine(why)}`,
  );
  return [head, ...parts, ...context.warnings.map((warning) => `warning: ${oneLine(warning)}`)];
}

/** Notes that stand for turns which no longer fit. */
export function summaryLines(summary: RunDetail["summaries"][number]): readonly string[] {
  const by = summary.model ?? `excerpts, since ${oneLine(summary.degraded)}`;
  return [
    `  turns 1–${summary.covers_through}, by ${by}`,
    ...safeText(summary.text)
      .split("\n")
      .map((line) => `    ${line}`),
  ];
}
