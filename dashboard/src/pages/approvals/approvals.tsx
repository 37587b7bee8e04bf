import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Approval, RunSummary } from "../../../../src/api/contract/index.ts";
import { answeredApprovalsQuery, approvalsQuery, askingRunsQuery } from "../../api/queries.ts";
import { Ago } from "../../parts/format/ago.tsx";
import { Card } from "../../parts/card.tsx";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { requestTitle } from "../../parts/messages/plain-words.ts";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { text } from "../../text/text.ts";
import { ApprovalCard } from "./approval-card.tsx";
import { useStanding } from "./standing.ts";

const words = text.approvals;

/** Everything that waits for a person: calls to approve, questions of tools, and what was answered. */
export function Approvals() {
  const { data: open, error, refetch } = useQuery(approvalsQuery);
  const asking = useQuery(askingRunsQuery).data?.items ?? [];
  const all = useQuery(answeredApprovalsQuery).data;
  const answered = useMemo(() => all?.items.filter(({ state }) => state !== "open") ?? [], [all]);
  const known = useMemo(() => [...answered, ...(open?.items ?? [])], [answered, open]);
  const standing = useStanding(known);
  const here = new Set(standing.map(({ approval }) => approval.id));
  const more = (open?.open ?? 0) - (open?.items.length ?? 0);
  return (
    <>
      <PageHeading title={words.title} note={words.note} />
      {open === undefined && error === null ? <Skeleton /> : null}
      {error === null ? null : <ProblemView error={error} onRetry={() => void refetch()} />}
      {open !== undefined && standing.length === 0 && asking.length === 0 ? (
        <Empty title={words.none} note={words.noneNote} command="caxton approval list" />
      ) : null}
      {standing.map(({ approval, endedAtMs }) => (
        <ApprovalCard key={approval.id} approval={approval} isOpen={endedAtMs === undefined} />
      ))}
      {more > 0 ? <p className="mb-5 text-sm text-muted">{words.more(more)}</p> : null}
      <Asking runs={asking} />
      <Answered approvals={answered.filter(({ id }) => !here.has(id))} />
    </>
  );
}

function Asking({ runs }: { readonly runs: readonly RunSummary[] }) {
  if (runs.length === 0) return null;
  return (
    <Card title={words.questions} className="mb-5">
      <p className="mb-2 text-sm text-muted">{words.questionsNote}</p>
      <ul className="space-y-1 text-sm">
        {runs.map(({ id, agent, input_preview: input, message }) => (
          <li key={id} className="truncate">
            <Link to="/runs/$id" params={{ id }} className="text-accent hover:underline">
              {agent}
            </Link>{" "}
            <span className="text-muted">{requestTitle(input, message)}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Answered({ approvals }: { readonly approvals: readonly Approval[] }) {
  if (approvals.length === 0) return null;
  return (
    <Card title={words.answered}>
      <ul className="space-y-1.5 text-sm">
        {approvals.map((approval) => (
          <li key={approval.id} className="flex flex-wrap gap-x-2">
            <span className="font-medium">{words.states[approval.state]}</span>
            <Link
              to="/runs/$id"
              params={{ id: approval.run }}
              className="font-mono text-xs leading-5 text-accent hover:underline"
            >
              {approval.tool}
            </Link>
            <span className="text-muted">
              {words.by(approval.agent)}
              {approval.by === null ? "" : ` ${words.who(approval.by.name)}`}{" "}
              <Ago at={approval.answered_at ?? approval.asked_at} />
            </span>
            {approval.note === "" ? null : <span className="text-muted [overflow-wrap:anywhere]">{approval.note}</span>}
          </li>
        ))}
      </ul>
    </Card>
  );
}
