import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { ToolServerRecord } from "../../../../src/api/contract/index.ts";
import { Ago } from "../../parts/format/ago.tsx";
import { count, duration, shortCount, upFor } from "../../parts/format/format.ts";
import { text } from "../../text/text.ts";
import { HealthMark, interfaceName, PublisherMark, SandboxMark, ServerState } from "./server-state.tsx";

/** What a tool server is and how it is, in two lines under its name. */
export function ServerFacts({ server }: { readonly server: ToolServerRecord }) {
  const { health, usage } = server;
  const { facts } = text.tools;
  return (
    <>
      <p className="[overflow-wrap:anywhere]">{server.description}</p>
      <div className="mt-2 flex flex-wrap items-center gap-x-4 gap-y-1.5 text-xs">
        <ServerState state={server.state} />
        <HealthMark health={health.health} note={health.note} />
        <SandboxMark sandboxed={server.sandboxed} />
        <span>{interfaceName(server.interface)}</span>
        <span>{text.tools.origins[server.origin]}</span>
        {server.sign_in === null ? null : (
          <span title={server.sign_in.reason || (server.sign_in.issuer ?? "")}>
            {text.tools.signIn.states[server.sign_in.state]}
            {server.sign_in.signed_in_by === null ? "" : ` · ${server.sign_in.signed_in_by}`}
          </span>
        )}
        {server.publisher.state === "built-in" || server.publisher.state === "remote" ? null : (
          <PublisherMark publisher={server.publisher} />
        )}
        {server.version === "" ? null : (
          <Item name={facts.version}>
            <Link
              to="/tools/$server"
              params={{ server: server.name }}
              search={{ tab: "versions" }}
              className="hover:underline"
            >
              {server.version}
              {server.revision === null ? "" : ` · ${text.tools.revision(server.revision)}`}
            </Link>
            {server.deployed_at === null ? null : (
              <span className="text-muted">
                {" · "}
                <Ago at={server.deployed_at} />
              </span>
            )}
          </Item>
        )}
      </div>
      <div className="mt-1.5 flex flex-wrap items-center gap-x-4 gap-y-1 text-xs">
        {health.uptime_ms > 0 ? <Item name={facts.up}>{upFor(health.uptime_ms)}</Item> : null}
        <Item name={facts.calls}>{count(usage.calls)}</Item>
        {usage.failed > 0 ? (
          <Item name={facts.failed}>
            <span className="text-bad" title={reasons(usage.failures)}>
              {count(usage.failed)}
            </span>
          </Item>
        ) : null}
        {server.calls_under_way > 0 ? (
          <span className="text-busy">{text.tools.inFlight(server.calls_under_way)}</span>
        ) : null}
        {server.sandboxed ? <Item name={facts.fuel}>{shortCount(usage.fuel)}</Item> : null}
        <Item name={facts.average}>{health.average_ms === null ? "–" : duration(health.average_ms)}</Item>
        <span title={text.tools.tool.tokensNote}>
          <Item name={facts.tokens}>~{count(server.tools.reduce((sum, { tokens }) => sum + tokens, 0))}</Item>
        </span>
        <span className="basis-full [overflow-wrap:anywhere] sm:basis-auto">{health.note}</span>
      </div>
    </>
  );
}

const reasons = (failures: { readonly [reason: string]: number }): string =>
  Object.entries(failures)
    .map(([reason, times]) => `${reason} ${count(times)}`)
    .join(", ");

const Item = ({ name, children }: { readonly name: string; readonly children: ReactNode }) => (
  <span className="whitespace-nowrap">
    <span className="text-faint">{name}</span> <span className="text-ink">{children}</span>
  </span>
);
