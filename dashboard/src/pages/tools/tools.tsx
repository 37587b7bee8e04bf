import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ToolServerDetail } from "../../../../src/api/contract/index.ts";
import { toolServersQuery } from "../../api/queries.ts";
import { Chip } from "../../parts/card.tsx";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { bytes, count, duration, shortCount } from "../../parts/format.ts";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problem-view.tsx";
import { CLI } from "../../parts/shell-command.ts";
import { ServerState } from "./server-state.tsx";
import { Row, rowLink, Table, Td, Th } from "../../parts/table.tsx";
import { useListKeys } from "../../shell/keys.ts";
import { text } from "../../text.ts";

export function Tools() {
  const { data, error, refetch } = useQuery(toolServersQuery);
  useListKeys();
  return (
    <>
      <PageHeading title={text.pages.tools} note={text.tools.note} />
      {data !== undefined ? (
        <ServerTable servers={data.items} />
      ) : error === null ? (
        <Skeleton lines={8} />
      ) : (
        <ProblemView error={error} onRetry={() => void refetch()} />
      )}
    </>
  );
}

function ServerTable({ servers }: { readonly servers: readonly ToolServerDetail[] }) {
  const { columns } = text.tools;
  if (servers.length === 0) {
    return <Empty title={text.tools.empty} note={text.tools.emptyNote} command={`${CLI} tool list`} />;
  }
  return (
    <Table label={text.pages.tools}>
      <thead>
        <tr>
          <Th>{columns.server}</Th>
          <Th>{columns.state}</Th>
          <Th className="max-md:hidden">{columns.tools}</Th>
          <Th className="max-lg:hidden">{columns.grants}</Th>
          <Th className="max-xl:hidden">{columns.limits}</Th>
          <Th className="text-right">{columns.calls}</Th>
          <Th className="text-right max-sm:hidden">{columns.average}</Th>
        </tr>
      </thead>
      <tbody>
        {servers.map((server) => (
          <ServerRow key={server.name} server={server} />
        ))}
      </tbody>
    </Table>
  );
}

const TOOLS_MAX = 6;

function ServerRow({ server }: { readonly server: ToolServerDetail }) {
  const { name, description, state, reason, tools, grants, limits, calls } = server;
  const ended = calls.done + calls.failed;
  return (
    <Row>
      <Td className="min-w-44">
        <Link to="/tools/$server" params={{ server: name }} data-row-link className={`${rowLink} font-mono text-xs`}>
          {name}
        </Link>
        <p className="line-clamp-2 max-w-sm text-xs text-muted">{reason === "" ? description : reason}</p>
      </Td>
      <Td>
        <ServerState state={state} />
      </Td>
      <Td className="max-md:hidden">
        <span className="flex max-w-72 flex-wrap gap-1" title={tools.map((tool) => tool.name).join(", ")}>
          {tools.slice(0, TOOLS_MAX).map((tool) => (
            <Chip key={tool.name} mono>
              {tool.name}
            </Chip>
          ))}
          {tools.length > TOOLS_MAX ? <Chip>+{tools.length - TOOLS_MAX}</Chip> : null}
        </span>
      </Td>
      <Td className="max-w-56 text-xs text-muted max-lg:hidden">
        {grants.length === 0 ? text.tools.noGrants : <span className="line-clamp-2">{grants.join(", ")}</span>}
      </Td>
      <Td className="text-xs whitespace-nowrap text-muted max-xl:hidden">
        {text.tools.limits(shortCount(limits.fuel_per_call), bytes(limits.memory_bytes), duration(limits.deadline_ms))}
      </Td>
      <Td className="text-right">
        {count(calls.done)}
        {calls.failed + calls.denied > 0 ? (
          <span className="block text-xs whitespace-nowrap text-bad">
            {text.tools.failed(calls.failed + calls.denied)}
          </span>
        ) : null}
      </Td>
      <Td className="text-right text-muted max-sm:hidden">{ended === 0 ? "–" : duration(calls.duration_ms / ended)}</Td>
    </Row>
  );
}
