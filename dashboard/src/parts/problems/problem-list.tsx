import { CircleAlert, TriangleAlert } from "lucide-react";
import type { FileProblem } from "../../../../src/api/contract/index.ts";
import { text } from "../../text/text.ts";

type Props = {
  readonly problems: readonly FileProblem[];
  readonly onGo?: ((problem: FileProblem) => void) | undefined;
};

/** Every problem of a definition, as the command line prints it; pressing its place puts the cursor there. */
export function ProblemList({ problems, onGo }: Props) {
  if (problems.length === 0) return null;
  return (
    <ol aria-label={text.problems.title} className="divide-y divide-line rounded-lg border border-line bg-surface">
      {problems.map((problem, index) => (
        <li key={index} className="flex gap-2.5 px-3 py-2.5">
          {problem.severity === "error" ? (
            <CircleAlert aria-label={text.problems.error} className="mt-0.5 size-4 shrink-0 text-bad" />
          ) : (
            <TriangleAlert aria-label={text.problems.warning} className="mt-0.5 size-4 shrink-0 text-warn" />
          )}
          <div className="min-w-0 flex-1">
            <p className="text-sm [overflow-wrap:anywhere]">
              {onGo === undefined ? (
                <span className="font-mono text-xs text-muted">{text.problems.place(problem)}</span>
              ) : (
                <button
                  type="button"
                  onClick={() => onGo(problem)}
                  className="font-mono text-xs text-accent underline underline-offset-2"
                >
                  {text.problems.place(problem)}
                </button>
              )}{" "}
              {problem.path === "" ? null : <code className="font-mono text-xs font-semibold">{problem.path} </code>}
              {problem.message}
            </p>
            <pre
              tabIndex={0}
              role="group"
              aria-label={text.problems.excerpt(problem.line)}
              className="mt-1 overflow-x-auto font-mono text-xs leading-4.5 text-muted"
            >
              {frameOf(problem)}
            </pre>
          </div>
        </li>
      ))}
    </ol>
  );
}

/** The source line with its caret and the remedy: what the server rendered, without the first line that stands above already. */
const frameOf = ({ rendered }: FileProblem): string => rendered.split("\n").slice(1).join("\n");
