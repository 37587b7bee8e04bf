import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleCheck } from "lucide-react";
import { useId, type ReactNode } from "react";
import { operations, type DeployOutcome, type FileProblem } from "../../../../src/api/contract/index.ts";
import { deployAgent, validateAgent, type DefinitionFile } from "../../api/actions.ts";
import { useSettled } from "../../parts/forms/settled.ts";
import { Button } from "../../parts/button.tsx";
import { ProblemList } from "../../parts/problems/problem-list.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { goToPlace, SourceEditor } from "../../parts/forms/source-editor.tsx";
import { text } from "../../text/text.ts";

const CHECK_AFTER_MS = 350;

type Props = {
  readonly file: DefinitionFile;
  readonly onChange: (source: string) => void;
  readonly onDeployed: (outcome: DeployOutcome) => void;
  readonly rows?: number;
  /** Beside the deploy button. */
  readonly children?: ReactNode;
};

/** A definition to write: checked by the server while it is written, with every problem, and deployed when it is right. */
export function DefinitionForm({ file, onChange, onDeployed, rows, children }: Props) {
  const id = useId();
  const client = useQueryClient();
  const check = useCheck(file);
  const deploy = useMutation({
    mutationFn: deployAgent,
    onSuccess: async (outcome) => {
      const { name } = outcome.agent;
      await Promise.all(
        [["agents"], ["agent", name], ["revisions", name], ["status"]].map((queryKey) =>
          client.invalidateQueries({ queryKey }),
        ),
      );
      onDeployed(outcome);
    },
  });
  const problems = check?.problems ?? [];
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const go = (problem: FileProblem) => {
    const area = document.getElementById(id);
    if (area instanceof HTMLTextAreaElement) goToPlace(area, problem);
  };
  return (
    <div className="space-y-3">
      <SourceEditor
        id={id}
        label={text.deploy.source}
        value={file.source}
        onChange={onChange}
        errors={linesOf(problems, "error")}
        warnings={linesOf(problems, "warning")}
        {...(rows === undefined ? {} : { rows })}
      />
      <div className="flex flex-wrap items-center gap-2">
        <Button
          needs={operations.agent.deploy}
          look="primary"
          disabled={file.source.trim() === "" || errors > 0 || deploy.isPending}
          onClick={() => deploy.mutate(file)}
        >
          {deploy.isPending ? text.deploy.deploying : text.deploy.deploy}
        </Button>
        {children}
        <CheckMark source={file.source} check={check} errors={errors} />
      </div>
      {deploy.error === null ? null : <ProblemView error={deploy.error} />}
      <ProblemList problems={problems} onGo={go} />
    </div>
  );
}

type Check = Awaited<ReturnType<typeof validateAgent>> | undefined;

/** What the server says of a definition, a moment after the last change; the last word stays until the next. */
function useCheck(file: DefinitionFile): Check {
  const { fileName } = file;
  const source = useSettled(file.source, CHECK_AFTER_MS);
  return useQuery({
    queryKey: ["check", fileName, source],
    queryFn: ({ signal }) => validateAgent({ source, fileName }, signal),
    enabled: source.trim() !== "",
    placeholderData: (before) => (file.source.trim() === "" ? undefined : before),
    gcTime: 30_000,
  }).data;
}

type MarkProps = { readonly source: string; readonly check: Check; readonly errors: number };

function CheckMark({ source, check, errors }: MarkProps) {
  if (source.trim() === "" || check === undefined) return <p role="status" />;
  return (
    <p role="status" className="flex items-center gap-1.5 text-sm">
      {errors > 0 ? (
        <span className="font-medium text-bad">{text.problems.count(errors)}</span>
      ) : (
        <>
          <CircleCheck aria-hidden className="size-4 text-good" />
          <span className="text-muted">{text.deploy.valid(check.name ?? "")}</span>
        </>
      )}
    </p>
  );
}

const linesOf = (problems: readonly FileProblem[], severity: FileProblem["severity"]): ReadonlySet<number> =>
  new Set(problems.filter((problem) => problem.severity === severity).map(({ line }) => line));
