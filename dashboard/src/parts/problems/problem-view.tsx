import { CircleAlert, RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { toProblem } from "../../api/client.ts";
import { text } from "../../text/text.ts";
import { Button } from "../button.tsx";
import { cx } from "../class-names.ts";

type Props = {
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
  readonly className?: string | undefined;
  /** What there is to do about it here. */
  readonly children?: ReactNode;
};

/** A failure in the server's words: what, the code, what to do, and where the code is explained. */
export function ProblemView({ error, onRetry, className, children }: Props) {
  const problem = toProblem(error);
  return (
    <div role="alert" className={cx("rounded-lg border border-bad/40 bg-bad-soft px-4 py-3", className)}>
      <div className="flex gap-2.5">
        <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
        <div className="min-w-0 flex-1 space-y-1">
          <p className="font-medium [overflow-wrap:anywhere]">{problem.detail || problem.title}</p>
          {problem.hint === "" ? null : <p className="text-sm text-muted [overflow-wrap:anywhere]">{problem.hint}</p>}
          <ProblemFoot problem={problem} />
          {children === undefined || children === null ? null : <div className="pt-1">{children}</div>}
        </div>
        {onRetry === undefined ? null : (
          <Button size="small" onClick={onRetry}>
            <RotateCw aria-hidden />
            {text.errors.again}
          </Button>
        )}
      </div>
    </div>
  );
}

function ProblemFoot({ problem }: { readonly problem: ReturnType<typeof toProblem> }) {
  return (
    <p className="flex flex-wrap gap-x-3 text-xs text-muted">
      <code className="font-mono">{problem.code}</code>
      {problem.request_id === "" ? null : <span className="font-mono">{text.errors.request(problem.request_id)}</span>}
      {problem.type.includes("#") ? (
        <a href={problem.type} target="_blank" rel="noreferrer" className="text-accent underline underline-offset-2">
          {text.errors.explain}
        </a>
      ) : null}
    </p>
  );
}
