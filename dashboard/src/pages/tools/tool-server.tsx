import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ShieldCheck } from "lucide-react";
import type { ToolDetail, ToolServerDetail } from "../../../../src/api/contract/index.ts";
import { toolServerQuery } from "../../api/queries.ts";
import { Card, Chip, Fact } from "../../parts/card.tsx";
import { cx } from "../../parts/class-names.ts";
import { Skeleton } from "../../parts/empty.tsx";
import { bytes, count, duration, shortCount } from "../../parts/format.ts";
import { JsonView } from "../../parts/json-view.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problem-view.tsx";
import { useListKeys } from "../../shell/keys.ts";
import { text } from "../../text.ts";
import { CallForm } from "./call-form.tsx";
import { ServerState } from "./server-state.tsx";

const route = getRouteApi("/tools/$server");

export function ToolServer() {
  const { server: name } = route.useParams();
  const { tool: chosen } = route.useSearch();
  const { data: server, error, refetch } = useQuery(toolServerQuery(name));
  useListKeys();
  if (server === undefined) {
    return (
      <>
        <PageHeading title={name} above={<Above />} />
        {error === null ? <Skeleton lines={8} /> : <ProblemView error={error} onRetry={() => void refetch()} />}
      </>
    );
  }
  const tool = server.tools.find((other) => other.name === chosen) ?? server.tools[0];
  return (
    <>
      <PageHeading title={server.name} above={<Above />} note={server.description}>
        <ServerState state={server.state} />
      </PageHeading>
      {server.reason === "" ? null : (
        <p className="mb-4 rounded-lg bg-bad-soft px-4 py-2.5 text-sm text-bad">{server.reason}</p>
      )}
      <div className="grid items-start gap-4 lg:grid-cols-[18rem_minmax(0,1fr)]">
        <div className="space-y-4">
          <ToolList server={server} selected={tool?.name} />
          <Grants server={server} />
          <Numbers server={server} />
        </div>
        {tool === undefined ? null : <ToolPane key={tool.id} server={server} tool={tool} />}
      </div>
    </>
  );
}

const Above = () => (
  <nav aria-label={text.run.trail} className="mb-1 text-xs text-muted">
    <Link to="/tools" className="hover:text-ink hover:underline">
      {text.pages.tools}
    </Link>
  </nav>
);

type ListProps = { readonly server: ToolServerDetail; readonly selected: string | undefined };

const ToolList = ({ server, selected }: ListProps) => (
  <Card title={text.tools.columns.tools} flush>
    <ul className="p-1.5">
      {server.tools.map(({ name, title }) => (
        <li key={name}>
          <Link
            to="/tools/$server"
            params={{ server: server.name }}
            search={{ tool: name }}
            replace
            resetScroll={false}
            data-row-link
            aria-current={name === selected ? "true" : undefined}
            className={cx(
              "block rounded-md px-2.5 py-1.5",
              name === selected ? "bg-accent-soft text-accent" : "hover:bg-hover",
            )}
          >
            <span className="block font-mono text-xs font-medium">{name}</span>
            {title === "" || title === name ? null : (
              <span className={cx("block text-xs", name === selected ? "text-accent" : "text-muted")}>{title}</span>
            )}
          </Link>
        </li>
      ))}
    </ul>
  </Card>
);

const Grants = ({ server }: { readonly server: ToolServerDetail }) => (
  <Card title={text.tools.columns.grants}>
    {server.grants.length === 0 ? (
      <p className="flex gap-2 text-sm text-muted">
        <ShieldCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-good" />
        {text.tools.noGrantsNote}
      </p>
    ) : (
      <ul className="space-y-1">
        {server.grants.map((grant) => (
          <li key={grant} className="font-mono text-xs [overflow-wrap:anywhere]">
            {grant}
          </li>
        ))}
      </ul>
    )}
  </Card>
);

function Numbers({ server: { limits, calls, version, module_hash: hash } }: { readonly server: ToolServerDetail }) {
  const { facts } = text.tools;
  const ended = calls.done + calls.failed;
  return (
    <>
      <Card title={text.tools.limitsTitle}>
        <dl className="grid grid-cols-2 gap-3">
          <Fact name={facts.fuel}>{shortCount(limits.fuel_per_call)}</Fact>
          <Fact name={facts.memory}>{bytes(limits.memory_bytes)}</Fact>
          <Fact name={facts.deadline}>{duration(limits.deadline_ms)}</Fact>
          <Fact name={facts.result}>{bytes(limits.result_bytes)}</Fact>
        </dl>
      </Card>
      <Card title={text.tools.callsTitle}>
        <dl className="grid grid-cols-2 gap-3">
          <Fact name={facts.done}>{count(calls.done)}</Fact>
          <Fact name={facts.failed}>{count(calls.failed)}</Fact>
          <Fact name={facts.denied}>{count(calls.denied)}</Fact>
          <Fact name={facts.average}>{ended === 0 ? "–" : duration(calls.duration_ms / ended)}</Fact>
          <Fact name={facts.fuelSum}>{shortCount(calls.fuel)}</Fact>
          <Fact name={facts.version}>{version}</Fact>
          <Fact name={facts.module}>
            <span title={hash} className="font-mono text-xs">
              {hash.slice(0, 12)}
            </span>
          </Fact>
        </dl>
      </Card>
    </>
  );
}

type PaneProps = { readonly server: ToolServerDetail; readonly tool: ToolDetail };

const ToolPane = ({ server, tool }: PaneProps) => (
  <div className="min-w-0 space-y-4">
    <Card
      title={<span className="font-mono">{tool.id}</span>}
      actions={
        <span className="flex gap-1 pr-2">
          {tool.read_only ? <Chip>{text.tools.readOnly}</Chip> : null}
          {tool.idempotent ? <Chip>{text.tools.idempotent}</Chip> : null}
        </span>
      }
    >
      <p className="mb-4 max-w-3xl text-muted [overflow-wrap:anywhere]">{tool.description}</p>
      <CallForm server={server.name} tool={tool} />
    </Card>
    <Card title={text.tools.schema}>
      <JsonView value={tool.input_schema} open={3} />
    </Card>
    {tool.output_schema === null ? null : (
      <Card title={text.tools.outputSchema}>
        <JsonView value={tool.output_schema} open={1} />
      </Card>
    )}
  </div>
);
