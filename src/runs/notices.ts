import type { RunNotice, RunView } from "./record/index.ts";

/** What whoever reads a run's answer should know of how it came about. */
export function noticesOf(view: RunView): readonly RunNotice[] {
  return [...contextNotices(view), ...view.endNotices];
}

function contextNotices({ steps, summaries }: RunView): readonly RunNotice[] {
  const degraded = steps.flatMap((step) => (step.kind === "model" && step.context?.degraded === true ? [step] : []));
  const [first] = degraded;
  const last = degraded.at(-1);
  if (first === undefined || last?.context === undefined) return [];
  const { coveredThrough, shortenedThrough } = last.context;
  const covered =
    coveredThrough === 0
      ? []
      : [`turns 1 to ${coveredThrough} are ${summaries.length > 0 ? "summarised" : "left out"}`];
  const shortened = shortenedThrough > coveredThrough ? [`results up to turn ${shortenedThrough} are shortened`] : [];
  const what = [...covered, ...shortened].join(", ") || "the newest results are shortened";
  const message = `From turn ${first.turn} on the dialogue did not fit into the model's window: ${what}.`;
  const excerpt = summaries.findLast((summary) => summary.degraded !== "");
  return [
    { code: "context_degraded", message },
    ...(excerpt === undefined
      ? []
      : [{ code: "summary_excerpts", message: `Excerpts stand for a summary, since ${excerpt.degraded}.` }]),
  ];
}
