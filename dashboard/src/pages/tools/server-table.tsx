import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleHelp } from "lucide-react";
import type { ToolServerSummary } from "../../../../src/api/contract/index.ts";
import { toolServersQuery } from "../../api/queries.ts";
import { count, shortCount } from "../../parts/format/format.ts";
import { Row, rowLink, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";
import { HealthMark, interfaceName, PublisherMark, SandboxMark, ServerState } from "./server-state.tsx";

export function ServerTable({ servers }: { readonly servers: readonly ToolServerSummary[] }) {
  const { columns } = text.tools;
  const fuel = useFuel();
  return (
    <Table label={text.pages.tools}>
      <thead>
        <tr>
          <Th>{columns.server}</Th>
          <Th>{columns.state}</Th>
          <Th className="max-xl:hidden">{columns.health}</Th>
          <Th className="max-xl:hidden">{columns.kind}</Th>
          <Th className="max-2xl:hidden">{columns.version}</Th>
          <Th className="text-right max-2xl:hidden">{columns.tools}</Th>
          <Th className="text-right max-sm:hidden">{columns.calls}</Th>
          <Th className="text-right max-lg:hidden">{columns.fuel}</Th>
        </tr>
      </thead>
      <tbody>
        {servers.map((server) => (
          <ServerRow key={server.name} server={server} fuel={fuel.get(server.name)} />
        ))}
      </tbody>
    </Table>
  );
}

/** The fuel each server used, which only the list of tools has. */
function useFuel(): ReadonlyMap<string, number> {
  const { data } = useQuery({ ...toolServersQuery, refetchInterval: 5_000 });
  return new Map(data?.items.map(({ name, calls }) => [name, calls.fuel]));
}

type RowProps = { readonly server: ToolServerSummary; readonly fuel: number | undefined };

function ServerRow({ server, fuel }: RowProps) {
  const { name, description, reason, pending_revision: pending, calls, failures, calls_under_way: inFlight } = server;
  return (
    <Row>
      <Td className="min-w-44 max-sm:min-w-0">
        <Link to="/tools/$server" params={{ server: name }} data-row-link className={`${rowLink} font-mono text-xs`}>
          {name}
        </Link>
        <p className="line-clamp-2 max-w-md text-xs text-muted [overflow-wrap:anywhere]">
          {reason === "" ? description : reason}
        </p>
        {server.sandboxed ? null : (
          <span className="mt-1 block xl:hidden">
            <SandboxMark sandboxed={false} />
          </span>
        )}
      </Td>
      <Td>
        <ServerState state={server.state} />
        {pending === null ? null : (
          <span className="mt-1 flex items-center gap-1 text-xs whitespace-nowrap text-warn">
            <CircleHelp aria-hidden className="size-3.5 shrink-0" />
            {text.tools.waits(pending)}
          </span>
        )}
      </Td>
      <Td className="max-xl:hidden">
        <HealthMark health={server.health} />
      </Td>
      <Td className="max-xl:hidden">
        <SandboxMark sandboxed={server.sandboxed} />
        <span className="mt-0.5 block text-xs whitespace-nowrap text-muted">{interfaceName(server.interface)}</span>
      </Td>
      <Td className="text-xs whitespace-nowrap max-2xl:hidden">
        {server.version === "" ? "–" : server.version}
        {server.revision === null ? null : (
          <span className="text-muted"> · {text.tools.revision(server.revision)}</span>
        )}
        <span className="block text-muted">
          <PublisherMark publisher={server.publisher} />
        </span>
      </Td>
      <Td className="text-right text-muted max-2xl:hidden">{server.tools}</Td>
      <Td className="text-right max-sm:hidden">
        {count(calls)}
        {failures > 0 ? (
          <span className="block text-xs whitespace-nowrap text-bad">{text.tools.failed(failures)}</span>
        ) : null}
        {inFlight > 0 ? (
          <span className="block text-xs whitespace-nowrap text-busy">{text.tools.inFlight(inFlight)}</span>
        ) : null}
      </Td>
      <Td className="text-right text-muted max-lg:hidden">
        {fuel === undefined || !server.sandboxed ? "–" : shortCount(fuel)}
      </Td>
    </Row>
  );
}
