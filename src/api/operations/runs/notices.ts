import { namesHidden } from "../../../kernel/placeholder.ts";
import type { RunView } from "../../../runs/index.ts";

type RunNotice = RunView["startNotices"][number];
type RunStep = RunView["steps"][number];

/** Notices for readers of a run's answer about how it was produced. */
export function noticesOf(view: RunView): readonly RunNotice[] {
  return [...view.startNotices, ...contextNotices(view), ...redactionNotices(view), ...view.endNotices];
}

/** Counted in the stored steps, so that the notices are the same at any time. */
function redactionNotices(view: RunView): readonly RunNotice[] {
  const texts = [view.input, view.failure?.message ?? "", ...view.steps.map(textOf)];
  const counts = new Map<string, number>();
  for (const name of texts.flatMap(namesHidden)) counts.set(name, (counts.get(name) ?? 0) + 1);
  if (counts.size === 0) return [];
  const names = [...counts].map(([name, count]) => `${name} (${count})`).join(", ");
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return [
    { code: "redacted", message: `${total === 1 ? "1 text is" : `${total} texts are`} hidden in this run: ${names}.` },
  ];
}

/** What first came with a step; what a model said of it again counts again. */
const textOf = (step: RunStep): string =>
  step.kind === "model"
    ? step.end.state === "done"
      ? step.end.text
      : ""
    : `${JSON.stringify(step.arguments)}\n${"text" in step.end ? step.end.text : ""}`;

function contextNotices({ steps, summaries }: RunView): readonly RunNotice[] {
  const degraded = steps.flatMap((step) => (step.kind === "model" && step.context?.degraded === true ? [step] : []));
  const [first] = degraded;
  const last = degraded.at(-1);
  if (first === undefined || last?.context === undefined) return [];
  const { coveredThrough, shortenedThrough } = last.context;
  const covered =
    coveredThrough === 0
      ? []
      : [`turns 1 to ${coveredThrough} are ${summaries.length > 0 ? "summarized" : "left out"}`];
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
