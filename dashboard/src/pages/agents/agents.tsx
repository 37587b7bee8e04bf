import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Play, Rocket, X } from "lucide-react";
import { lazy, Suspense } from "react";
import { operations, type AgentSummary } from "../../../../src/api/contract/index.ts";
import { agentsQuery } from "../../api/queries.ts";
import { Ago } from "../../parts/format/ago.tsx";
import { Button, buttonClass } from "../../parts/button.tsx";
import { Chip } from "../../parts/card.tsx";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { Input } from "../../parts/forms/field.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Row, rowLink, Table, Td, Th } from "../../parts/table.tsx";
import { useListKeys } from "../../shell/keys.ts";
import { text } from "../../text/text.ts";

const DeployDialog = lazy(async () => ({ default: (await import("./deploy-dialog.tsx")).DeployDialog }));
const route = getRouteApi("/agents");

export function Agents() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const setDeploy = (deploy: true | undefined) => void navigate({ search: { ...search, deploy } });
  useListKeys();
  return (
    <>
      <PageHeading title={text.pages.agents} note={text.agents.note}>
        <Button needs={operations.agent.deploy} look="primary" onClick={() => setDeploy(true)}>
          <Rocket aria-hidden />
          {text.deploy.title}
        </Button>
      </PageHeading>
      <AgentList filter={search.q ?? ""} onDeploy={() => setDeploy(true)} />
      {search.deploy === true ? (
        <Suspense>
          <DeployDialog onClose={() => setDeploy(undefined)} />
        </Suspense>
      ) : null}
    </>
  );
}

type ListProps = { readonly filter: string; readonly onDeploy: () => void };

function AgentList({ filter, onDeploy }: ListProps) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(agentsQuery);
  if (error !== null && data === undefined) return <ProblemView error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton lines={8} />;
  const agents = data.pages.flatMap((page) => page.items);
  if (agents.length === 0) {
    return (
      <Empty title={text.agents.empty} note={text.agents.emptyNote} command={text.deploy.command}>
        <Button needs={operations.agent.deploy} look="primary" onClick={onDeploy}>
          <Rocket aria-hidden />
          {text.deploy.title}
        </Button>
      </Empty>
    );
  }
  const shown = agents.filter((agent) => fits(agent, filter));
  return (
    <>
      <Filter filter={filter} shown={shown.length} all={agents.length} />
      {shown.length === 0 ? (
        <Empty title={text.agents.none(filter)} note={text.agents.noneNote} />
      ) : (
        <AgentTable agents={shown} />
      )}
      {hasNextPage ? (
        <Button size="small" className="mt-3" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {isFetchingNextPage ? text.actions.loading : text.agents.more}
        </Button>
      ) : null}
    </>
  );
}

const fits = ({ name, description, capabilities, tools, model }: AgentSummary, filter: string): boolean => {
  const hay = [name, description, ...capabilities, ...tools, model ?? ""].join(" ").toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => hay.includes(word));
};

type FilterProps = { readonly filter: string; readonly shown: number; readonly all: number };

function Filter({ filter, shown, all }: FilterProps) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const set = (q: string) => void navigate({ search: { ...search, q: q === "" ? undefined : q }, replace: true });
  return (
    <search className="mb-3 flex items-center gap-2">
      <Input
        data-filter
        type="text"
        aria-label={text.agents.filter}
        placeholder={text.agents.filter}
        value={filter}
        onChange={(event) => set(event.target.value)}
        className="max-w-80"
      />
      {filter === "" ? null : (
        <Button size="small" look="quiet" onClick={() => set("")}>
          <X aria-hidden />
          {text.actions.clear}
        </Button>
      )}
      <span role="status" className="text-xs text-muted">
        {filter === "" ? "" : text.agents.shown(shown, all)}
      </span>
    </search>
  );
}

function AgentTable({ agents }: { readonly agents: readonly AgentSummary[] }) {
  const { columns } = text.agents;
  return (
    <Table label={text.pages.agents}>
      <thead>
        <tr>
          <Th>{columns.name}</Th>
          <Th className="max-xl:hidden">{columns.capabilities}</Th>
          <Th className="max-md:hidden">{columns.tools}</Th>
          <Th className="max-xl:hidden">{columns.model}</Th>
          <Th className="text-right max-sm:hidden">{columns.revision}</Th>
          <Th className="text-right max-sm:hidden">{columns.deployed}</Th>
          <Th>
            <span className="sr-only">{columns.actions}</span>
          </Th>
        </tr>
      </thead>
      <tbody>
        {agents.map((agent) => (
          <AgentRow key={agent.name} agent={agent} />
        ))}
      </tbody>
    </Table>
  );
}

function AgentRow({ agent }: { readonly agent: AgentSummary }) {
  const { name, description, capabilities, tools, model, revision, deployed_at: deployedAt } = agent;
  return (
    <Row>
      <Td className="min-w-48 max-sm:min-w-0">
        <Link to="/agents/$name" params={{ name }} data-row-link className={rowLink}>
          {name}
        </Link>
        {agent.file?.differs === true ? (
          <span className="ml-2 text-2xs font-medium text-warn" title={text.agent.file.title}>
            {text.agent.file.differs}
          </span>
        ) : null}
        {agent.state === "paused" ? (
          <span className="ml-2 text-2xs font-medium text-warn" title={agent.paused?.reason}>
            {text.agent.lifecycle.isPaused}
          </span>
        ) : null}
        <p className="line-clamp-2 max-w-md text-xs text-muted">{description}</p>
      </Td>
      <Td className="max-xl:hidden">
        <Chips names={capabilities} />
      </Td>
      <Td className="max-md:hidden">
        <Chips names={tools} mono />
      </Td>
      <Td className="whitespace-nowrap text-muted max-xl:hidden">{model ?? text.agents.defaultModel}</Td>
      <Td className="text-right text-muted max-sm:hidden">{revision}</Td>
      <Td className="text-right text-muted max-sm:hidden">
        <Ago at={deployedAt} />
      </Td>
      <Td className="w-0">
        <Link
          to="/agents/$name"
          params={{ name }}
          search={{ tab: "try" }}
          aria-label={text.agents.tryName(name)}
          className={`${buttonClass("plain", "small")} relative z-10`}
        >
          <Play aria-hidden />
          {text.agents.try}
        </Link>
      </Td>
    </Row>
  );
}

const CHIPS_MAX = 4;

function Chips({ names, mono = false }: { readonly names: readonly string[]; readonly mono?: boolean }) {
  if (names.length === 0) return <span className="text-faint">–</span>;
  return (
    <span className="flex max-w-64 flex-wrap gap-1" title={names.join(", ")}>
      {names.slice(0, CHIPS_MAX).map((name) => (
        <Chip key={name} mono={mono}>
          {name}
        </Chip>
      ))}
      {names.length > CHIPS_MAX ? <Chip>+{names.length - CHIPS_MAX}</Chip> : null}
    </span>
  );
}
