import { useInfiniteQuery, useQueries } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { AgentDetail, RevisionSummary } from "../../../../src/api/contract/index.ts";
import { revisionQuery, revisionsQuery } from "../../api/queries.ts";
import { Ago } from "../../parts/format/ago.tsx";
import { Button } from "../../parts/button.tsx";
import { Code, Diff } from "../../parts/content/code.tsx";
import { Skeleton } from "../../parts/empty.tsx";
import { Select } from "../../parts/forms/field.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Row, rowLink, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";
import { ServeRevision } from "./lifecycle.tsx";

const route = getRouteApi("/agents/$name");

/** All revisions; the open one is compared with the previous or any other revision. */
export function Revisions({ agent }: { readonly agent: AgentDetail }) {
  const list = useInfiniteQuery(revisionsQuery(agent.name));
  const { revision = agent.revision, against } = route.useSearch();
  if (list.data === undefined) return list.error === null ? <Skeleton /> : <ProblemView error={list.error} />;
  const revisions = list.data.pages.flatMap((page) => page.items);
  const other = against ?? revision - 1;
  return (
    <div className="grid items-start gap-4 xl:grid-cols-[22rem_minmax(0,1fr)]">
      <div className="min-w-0">
        <RevisionTable agent={agent} revisions={revisions} selected={revision} />
        {list.hasNextPage ? (
          <Button size="small" className="mt-3" onClick={() => void list.fetchNextPage()}>
            {text.actions.older}
          </Button>
        ) : null}
      </div>
      <Comparison agent={agent} revisions={revisions} revision={revision} against={other} />
    </div>
  );
}

type TableProps = {
  readonly agent: AgentDetail;
  readonly revisions: readonly RevisionSummary[];
  readonly selected: number;
};

function RevisionTable({ agent, revisions, selected }: TableProps) {
  const { columns } = text.revisions;
  return (
    <Table label={text.agent.tabs.revisions}>
      <thead>
        <tr>
          <Th>{columns.revision}</Th>
          <Th>{columns.version}</Th>
          <Th>{columns.hash}</Th>
          <Th className="text-right">{columns.deployed}</Th>
        </tr>
      </thead>
      <tbody>
        {revisions.map(({ revision, version, source_hash: hash, deployed_at: deployedAt }) => (
          <Row key={revision} className={revision === selected ? "bg-accent-soft" : ""}>
            <Td>
              <Link
                from="/agents/$name"
                to="."
                search={(before) => ({ ...before, revision, against: undefined })}
                replace
                data-row-link
                aria-current={revision === selected ? "true" : undefined}
                className={rowLink}
              >
                {revision}
              </Link>
              {revision === agent.revision ? (
                <span className="ml-2 text-xs text-muted">{text.revisions.current}</span>
              ) : null}
            </Td>
            <Td className="text-muted">{version}</Td>
            <Td className="font-mono text-xs text-muted">{hash.slice(0, 8)}</Td>
            <Td className="text-right text-muted">
              <Ago at={deployedAt} />
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

type ComparisonProps = {
  readonly agent: AgentDetail;
  readonly revisions: readonly RevisionSummary[];
  readonly revision: number;
  readonly against: number;
};

function Comparison({ agent, revisions, revision, against }: ComparisonProps) {
  const { name } = agent;
  const navigate = route.useNavigate();
  const [shown, other] = useQueries({
    queries: [revisionQuery(name, revision), { ...revisionQuery(name, against), enabled: against > 0 }],
  });
  return (
    <section aria-label={text.revisions.comparison} className="min-w-0 space-y-3">
      <div className="flex flex-wrap items-center gap-2 text-sm">
        <h2 className="font-semibold">{text.agent.revision(revision)}</h2>
        <label className="flex flex-wrap items-center gap-2 whitespace-nowrap text-muted">
          {text.revisions.against}
          <Select
            value={against > 0 ? against : ""}
            onChange={(event) => {
              const chosen = Number(event.target.value);
              void navigate({ search: (before) => ({ ...before, against: chosen }), replace: true });
            }}
            className="w-36"
          >
            {against > 0 ? null : <option value="">{text.revisions.nothing}</option>}
            {revisions.map((entry) => (
              <option key={entry.revision} value={entry.revision}>
                {text.agent.revision(entry.revision)}
              </option>
            ))}
          </Select>
        </label>
        <ServeRevision key={revision} agent={agent} revision={revision} />
      </div>
      {shown.error === null ? null : <ProblemView error={shown.error} />}
      {other.error === null ? null : <ProblemView error={other.error} />}
      {shown.data === undefined ? null : other.data === undefined ? (
        <Code label={text.agent.revision(revision)} source={shown.data.source} />
      ) : (
        <Diff label={text.revisions.comparison} before={other.data.source} after={shown.data.source} />
      )}
    </section>
  );
}
