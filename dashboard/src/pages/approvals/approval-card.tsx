import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ShieldQuestion } from "lucide-react";
import { useState } from "react";
import type { Approval, RunDetail } from "../../../../src/api/contract/index.ts";
import { answerApproval, type ApprovalAnswer } from "../../api/actions.ts";
import { Button } from "../../parts/button.tsx";
import { Input } from "../../parts/field.tsx";
import { ProblemView } from "../../parts/problem-view.tsx";
import { text } from "../../text.ts";

const words = text.approvals;

/** The calls that a run waits for a person to approve. */
export const RunApprovals = ({ run }: { readonly run: RunDetail }) =>
  run.approvals
    .filter(({ state }) => state === "open")
    .map((approval) => <ApprovalCard key={approval.id} approval={approval} />);

/** One call that waits, with its arguments; approved, changed and approved, or refused here. */
export function ApprovalCard({
  approval,
  showsRun = false,
}: {
  readonly approval: Approval;
  readonly showsRun?: boolean;
}) {
  const title = words.call(approval.tool);
  return (
    <section aria-label={title} className="mb-5 rounded-lg border border-warn/50 bg-warn-soft px-4 py-3">
      <div className="flex gap-2.5">
        <ShieldQuestion aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
        <div className="min-w-0 max-w-3xl flex-1 space-y-3">
          <div>
            <h2 className="font-medium [overflow-wrap:anywhere]">{title}</h2>
            <p className="mt-0.5 text-xs text-muted [overflow-wrap:anywhere]">
              {showsRun ? `${words.of(approval.agent)} ` : ""}
              {words.why(approval.rule, approval.level)}{" "}
              {approval.reason === "" ? "" : `${words.again(approval.reason)} `}
              {words.until(approval.expires_at)}
            </p>
          </div>
          <Answering approval={approval} showsRun={showsRun} />
        </div>
      </div>
    </section>
  );
}

function Answering({ approval, showsRun }: { readonly approval: Approval; readonly showsRun: boolean }) {
  const client = useQueryClient();
  const given = JSON.stringify(approval.arguments, null, 2);
  const [edited, setEdited] = useState<string | undefined>();
  const [note, setNote] = useState("");
  const [remember, setRemember] = useState(false);
  const answer = useMutation({
    mutationFn: (body: ApprovalAnswer) => answerApproval(approval.id, body),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["approvals"] }),
        client.invalidateQueries({ queryKey: ["run", approval.run] }),
      ]),
  });
  const object = edited === undefined ? undefined : objectIn(edited);
  const isBroken = edited !== undefined && object === undefined;
  return (
    <>
      <Arguments given={given} edited={edited} isBroken={isBroken} onEdit={setEdited} />
      <Input
        aria-label={words.noteLabel}
        placeholder={words.noteLabel}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
      <label className="flex items-center gap-2 text-sm">
        <input type="checkbox" checked={remember} onChange={(event) => setRemember(event.target.checked)} />
        {words.remember}
      </label>
      <div className="flex flex-wrap gap-2">
        <Button
          size="small"
          look="primary"
          disabled={answer.isPending || isBroken}
          onClick={() => answer.mutate({ type: "approve", note, remember, ...(object && { arguments: object }) })}
        >
          {edited === undefined ? words.approve : words.approveEdited}
        </Button>
        <Button
          size="small"
          disabled={answer.isPending}
          onClick={() => setEdited((before) => (before === undefined ? given : undefined))}
        >
          {edited === undefined ? words.edit : words.keep}
        </Button>
        <Button
          size="small"
          look="danger"
          disabled={answer.isPending}
          onClick={() => answer.mutate({ type: "deny", note })}
        >
          {words.deny}
        </Button>
        {showsRun ? (
          <Link
            to="/runs/$id"
            params={{ id: approval.run }}
            className="self-center text-sm text-accent hover:underline"
          >
            {words.openRun}
          </Link>
        ) : null}
      </div>
      {answer.error === null ? null : <ProblemView error={answer.error} />}
    </>
  );
}

type ArgumentsProps = {
  readonly given: string;
  readonly edited: string | undefined;
  readonly isBroken: boolean;
  readonly onEdit: (text: string) => void;
};

/** What the call is to be made with, to read or to change. */
function Arguments({ given, edited, isBroken, onEdit }: ArgumentsProps) {
  return edited === undefined ? (
    <pre
      tabIndex={0}
      aria-label={words.arguments}
      className="max-h-72 overflow-auto rounded-md border border-line bg-surface p-2.5 font-mono text-xs whitespace-pre-wrap [overflow-wrap:anywhere]"
    >
      {given}
    </pre>
  ) : (
    <div>
      <textarea
        aria-label={words.arguments}
        aria-invalid={isBroken}
        value={edited}
        rows={Math.min(16, Math.max(4, edited.split("\n").length + 1))}
        onChange={(event) => onEdit(event.target.value)}
        className="w-full rounded-md border border-line-strong bg-surface p-2.5 font-mono text-xs"
      />
      {isBroken ? <p className="text-xs text-bad">{words.badJson}</p> : null}
    </div>
  );
}

/** A text as a JSON object; undefined when it is none. */
function objectIn(json: string): object | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
