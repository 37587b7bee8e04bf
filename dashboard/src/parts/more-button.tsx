import { RotateCw } from "lucide-react";
import { toProblem } from "../api/client.ts";
import { text } from "../text/text.ts";
import { Button } from "./button.tsx";
import { cx } from "./class-names.ts";

type Props = {
  readonly label: string;
  readonly isLoading: boolean;
  /** Why what comes next could not be read. */
  readonly error: Error | null;
  readonly onMore: () => void;
  readonly className?: string;
};

/** Loads the next page. An error is shown beside the button, and loaded items stay. */
export function MoreButton({ label, isLoading, error, onMore, className }: Props) {
  const problem = error === null || isLoading ? undefined : toProblem(error);
  return (
    <div className={cx("flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1", className)}>
      <Button
        size="small"
        // Not disabled: who came to it by keyboard would lose their place.
        aria-disabled={isLoading}
        className="aria-disabled:cursor-wait aria-disabled:opacity-50"
        onClick={() => {
          if (!isLoading) onMore();
        }}
      >
        {problem === undefined ? null : <RotateCw aria-hidden />}
        {isLoading ? text.actions.loading : problem === undefined ? label : text.errors.again}
      </Button>
      {problem === undefined ? null : (
        <p role="alert" className="min-w-0 text-sm [overflow-wrap:anywhere]">
          <span className="font-medium text-bad">{problem.detail || problem.title}</span>{" "}
          <span className="text-muted">{problem.hint}</span> <code className="text-xs text-muted">{problem.code}</code>
        </p>
      )}
    </div>
  );
}
