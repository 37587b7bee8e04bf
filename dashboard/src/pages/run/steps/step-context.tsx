import { Link } from "@tanstack/react-router";
import type { RunDetail, StepContext } from "../../../../../src/api/contract/index.ts";
import { Card, Fact } from "../../../parts/card.tsx";
import { cx } from "../../../parts/class-names.ts";
import { count } from "../../../parts/format/format.ts";
import { Td, Th } from "../../../parts/table.tsx";
import { contextText } from "../../../text/runs/context.ts";
import { Fold } from "../fold.tsx";
import { summaryOf } from "./step-messages.tsx";

type Part = StepContext["parts"][number];

const FILLS: { readonly [Action in Part["action"]]: string } = {
  included: "bg-tool",
  shortened: "bg-warn",
  deduplicated: "bg-warn",
  summarized: "bg-accent",
  dropped: "bg-idle",
};

type Props = {
  readonly run: RunDetail;
  readonly turn: number;
  readonly context: StepContext;
  readonly counted: number | null;
};

/** Usage of a model's window in one turn: a bar, and a table with the action and reason of each part. */
export function ContextCard({ run, turn, context, counted }: Props) {
  const { window, reserve, estimate, parts, warnings } = context;
  const room = window - reserve;
  const summary = summaryOf(run, turn, context);
  return (
    <Card title={contextText.title} flush>
      <div className="space-y-4 p-4">
        <div
          role="img"
          aria-label={contextText.bar(count(estimate), count(room))}
          className="flex h-3 w-full gap-px overflow-hidden rounded-full bg-idle-soft"
        >
          {parts.map((part, index) => (
            <div
              key={index}
              title={`${part.what}: ${count(part.tokens)}`}
              className={cx("h-full", FILLS[part.action], index % 2 === 1 && "opacity-75")}
              style={{ width: `${Math.min(100, (part.tokens / Math.max(1, room)) * 100)}%` }}
            />
          ))}
        </div>
        <dl className="grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-4">
          <Fact name={contextText.window}>
            <span title={contextText.windowFrom[context.window_from]}>{count(window)}</span>
          </Fact>
          <Fact name={contextText.reserve}>{count(reserve)}</Fact>
          <Fact name={contextText.estimate}>{count(estimate)}</Fact>
          <Fact name={contextText.counted}>{counted === null ? "–" : count(counted)}</Fact>
        </dl>
      </div>
      <div className="overflow-x-auto border-t border-line">
        <table aria-label={contextText.title} className="w-full border-collapse text-sm">
          <Head />
          <tbody>
            {parts.map((part, index) => (
              <tr key={index}>
                <Td>{part.what}</Td>
                <Td className="text-right">{count(part.tokens)}</Td>
                <Td>{contextText.actions[part.action]}</Td>
                <Td className="text-muted max-sm:hidden">{part.why}</Td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {warnings.length === 0 ? null : (
        <p className="border-t border-line p-4 text-sm text-muted">
          {contextText.warnings}: {warnings.join(" ")}
        </p>
      )}
      {summary === undefined ? null : (
        <div className="border-t border-line">
          <Fold
            title={
              summary.degraded === ""
                ? contextText.summary(summary.covers_through)
                : `${contextText.summary(summary.covers_through)} (${contextText.excerpts(summary.degraded)})`
            }
            content={summary.text}
          />
        </div>
      )}
    </Card>
  );
}

const Head = () => (
  <thead>
    <tr>
      <Th>{contextText.columns.what}</Th>
      <Th className="text-right">{contextText.columns.tokens}</Th>
      <Th>{contextText.columns.action}</Th>
      <Th className="max-sm:hidden">{contextText.columns.why}</Th>
    </tr>
  </thead>
);

/** Notices about the answer. */
export const RunNotices = ({ run }: { readonly run: RunDetail }) =>
  run.notice_list.length === 0 ? null : (
    <div role="status" className="mb-4 rounded-lg border border-warn bg-warn-soft px-4 py-2.5 text-sm text-ink">
      <ul className="space-y-1">
        {run.notice_list.map(({ code, message }) => (
          <li key={code}>
            <Notice run={run} code={code} message={message} />
          </li>
        ))}
      </ul>
    </div>
  );

/** A notice about failed calls leads to the last of them. */
function Notice({ run, code, message }: { readonly run: RunDetail; readonly code: string; readonly message: string }) {
  const failed = run.step_list.findLast((step) => step.kind === "tool" && step.state === "failed");
  if (code !== "tools_failed" || failed === undefined) return message;
  return (
    <Link
      to="/runs/$id"
      params={{ id: run.id }}
      search={{ step: failed.index }}
      className="underline"
      resetScroll={false}
    >
      {message}
    </Link>
  );
}
