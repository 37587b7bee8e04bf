import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ShieldCheck, ShieldQuestion } from "lucide-react";
import { type MouseEvent, type ReactNode, type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { operations, type Approval, type RunDetail } from "../../../../src/api/contract/index.ts";
import { answerApproval, type ApprovalAnswer, type Values } from "../../api/actions.ts";
import { Ago } from "../../parts/format/ago.tsx";
import { Button } from "../../parts/button.tsx";
import { cx } from "../../parts/class-names.ts";
import { Input } from "../../parts/forms/field.tsx";
import { requestTitle } from "../../parts/messages/plain-words.ts";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { text } from "../../text/text.ts";
import { isRecord } from "../tools/call/form-field.ts";
import { effectOf } from "./effect.ts";
import { disturb, mayPress, useGuard } from "./guard.ts";
import { useStanding } from "./standing.ts";

const words = text.approvals;

/** The calls that a run waits for a person to approve, and those just answered. */
export const RunApprovals = ({ run }: { readonly run: RunDetail }) =>
  useStanding(run.approvals).map(({ approval, endedAtMs }) => (
    <ApprovalCard key={approval.id} approval={approval} isOpen={endedAtMs === undefined} />
  ));

type CardProps = { readonly approval: Approval; readonly isOpen: boolean };

/** One call that waits, with its arguments; approved, changed and approved, or refused here. Once answered it stays as high as it was. */
export function ApprovalCard({ approval, isOpen }: CardProps) {
  const card = useRef<HTMLElement>(null);
  const heightPx = useRef(0);
  const [answered, setAnswered] = useState<Approval>();
  const shown = answered ?? approval;
  const waits = isOpen && answered === undefined;
  useLayoutEffect(() => {
    if (waits) heightPx.current = card.current?.offsetHeight ?? 0;
    else if (card.current !== null) card.current.style.minHeight = `${heightPx.current}px`;
  });
  return (
    <section
      ref={card}
      aria-label={words.label(approval.tool, approval.id)}
      className={cx(
        "mb-5 rounded-lg border px-4 py-3",
        waits ? "border-warn/50 bg-warn-soft" : "border-line bg-surface text-muted",
      )}
    >
      <div className="flex gap-2.5">
        {waits ? (
          <ShieldQuestion aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
        ) : (
          <ShieldCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-muted" />
        )}
        <div className="min-w-0 max-w-3xl flex-1 space-y-3">
          <div>
            <h2 className="font-medium [overflow-wrap:anywhere]">{effectOf(approval)}</h2>
            <Origin approval={approval} />
          </div>
          {waits ? (
            <Answering card={card} approval={approval} onAnswered={setAnswered} />
          ) : (
            <>
              <Given>{JSON.stringify(shown.edited_arguments ?? shown.arguments, null, 2)}</Given>
              <p role="status" className="font-medium text-ink">
                {shown.state === "open" ? words.gone : words.states[shown.state]}
                {shown.by === null ? "" : ` ${words.who(shown.by.name)}`}
                {shown.note === "" ? "" : `: ${shown.note}`}
              </p>
            </>
          )}
        </div>
      </div>
    </section>
  );
}

/** Who wants the call, for what request, since when, and why a person is asked. */
const Origin = ({ approval }: { readonly approval: Approval }) => (
  <div className="mt-1 space-y-0.5 text-xs text-muted [overflow-wrap:anywhere]">
    <p>
      <span className="font-mono">{approval.tool}</span> {words.by(approval.agent)}, <Ago at={approval.asked_at} />
    </p>
    <p>
      {words.request}{" "}
      <Link to="/runs/$id" params={{ id: approval.run }} className="text-accent underline underline-offset-2">
        {approval.input_preview.trim() === "" ? words.openRun : requestTitle(approval.input_preview, null)}
      </Link>
    </p>
    <p>
      {words.why(approval.rule, approval.level)} {approval.reason === "" ? "" : `${words.again(approval.reason)} `}
      {words.until(approval.expires_at)}
    </p>
  </div>
);

type AnsweringProps = {
  readonly card: RefObject<HTMLElement | null>;
  readonly approval: Approval;
  readonly onAnswered: (approval: Approval) => void;
};

function Answering({ card, approval, onAnswered }: AnsweringProps) {
  const isSteady = useGuard(card);
  const given = JSON.stringify(approval.arguments, null, 2);
  const [edited, setEdited] = useState<string | undefined>();
  const [isRead, setIsRead] = useState(false);
  const [note, setNote] = useState("");
  const [remember, setRemember] = useState(false);
  const [isEarly, setIsEarly] = useState(false);
  const answer = useAnswer(approval, onAnswered);
  const object = edited === undefined ? undefined : objectIn(edited);
  const isBroken = edited !== undefined && object === undefined;
  const press = (body: ApprovalAnswer) => (event: MouseEvent) => {
    const allowed = mayPress(event);
    setIsEarly(!allowed);
    if (allowed) answer.mutate(body);
  };
  return (
    <>
      <Arguments given={given} edited={edited} isBroken={isBroken} onEdit={setEdited} onRead={() => setIsRead(true)} />
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
      <div className="flex flex-wrap items-center gap-2">
        <Button
          needs={operations.approval.approve}
          size="small"
          look="primary"
          disabled={answer.isPending || isBroken || !isRead}
          aria-disabled={!isSteady}
          onClick={press({ type: "approve", note, remember, ...(object && { arguments: object }) })}
        >
          {edited === undefined ? words.approve : words.approveEdited}
        </Button>
        <Button
          size="small"
          disabled={answer.isPending || !isRead}
          onClick={() => setEdited((before) => (before === undefined ? given : undefined))}
        >
          {edited === undefined ? words.edit : words.keep}
        </Button>
        <Button
          needs={operations.approval.deny}
          size="small"
          look="danger"
          disabled={answer.isPending}
          aria-disabled={!isSteady}
          onClick={press({ type: "deny", note })}
        >
          {words.deny}
        </Button>
        <span role="status" className="text-xs text-muted">
          {isRead ? (isEarly ? words.early : "") : words.unread}
        </span>
      </div>
      {answer.error === null ? null : <ProblemView error={answer.error} />}
    </>
  );
}

function useAnswer(approval: Approval, onAnswered: (approval: Approval) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: ApprovalAnswer) => answerApproval(approval, body),
    onMutate: disturb,
    onSuccess: onAnswered,
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["approvals"] }),
        client.invalidateQueries({ queryKey: ["run", approval.run] }),
      ]),
  });
}

type ArgumentsProps = {
  readonly given: string;
  readonly edited: string | undefined;
  readonly isBroken: boolean;
  readonly onEdit: (text: string) => void;
  /** The end of the arguments has been on the screen. */
  readonly onRead: () => void;
};

/** The arguments of the call, to read or to change. */
function Arguments({ given, edited, isBroken, onEdit, onRead }: ArgumentsProps) {
  return edited === undefined ? (
    <Given>
      {given}
      <End onSeen={onRead} />
    </Given>
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

const Given = ({ children }: { readonly children: ReactNode }) => (
  <pre
    tabIndex={0}
    aria-label={words.arguments}
    className="max-h-72 overflow-auto rounded-md border border-line bg-surface p-2.5 font-mono text-xs whitespace-pre-wrap text-ink [overflow-wrap:anywhere]"
  >
    {children}
  </pre>
);

/** Calls once when it is on the screen: neither outside of the window nor scrolled out of a box. */
function End({ onSeen }: { readonly onSeen: () => void }) {
  const mark = useRef<HTMLSpanElement>(null);
  const seen = useRef(onSeen);
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) seen.current();
    });
    if (mark.current !== null) observer.observe(mark.current);
    return () => observer.disconnect();
  }, []);
  return <span ref={mark} aria-hidden className="inline-block h-2 w-px" />;
}

/** Parses a JSON object; undefined if the text is not one. */
function objectIn(json: string): Values | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
