import { getRouteApi, Link } from "@tanstack/react-router";
import type { ToolDetail, ToolServerRecord } from "../../../../src/api/contract/index.ts";
import { Card, Chip } from "../../parts/card.tsx";
import { cx } from "../../parts/class-names.ts";
import { Empty } from "../../parts/empty.tsx";
import { count } from "../../parts/format/format.ts";
import { JsonView } from "../../parts/content/json-view.tsx";
import { text } from "../../text/text.ts";
import { CallForm } from "./call/call-form.tsx";
import { ToolUsage, type ToolUsageFigures } from "./grants/tool-usage.tsx";

const route = getRouteApi("/tools/$server");

/** The tools of a server, one of them open: to call it, and what its calls used. */
export function ToolsTab({ server }: { readonly server: ToolServerRecord }) {
  const { tool: chosen } = route.useSearch();
  const tool = server.tools.find((other) => other.name === chosen) ?? server.tools[0];
  if (tool === undefined) return <Empty title={text.tools.tool.none} note={text.tools.tool.noneNote} />;
  const usage = new Map(server.usage.tools.map((figures) => [figures.tool, figures]));
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[17rem_minmax(0,1fr)]">
      <ToolList server={server} selected={tool.name} usage={usage} />
      <ToolPane key={tool.id} server={server} tool={tool} usage={usage.get(tool.name)} />
    </div>
  );
}

type ListProps = {
  readonly server: ToolServerRecord;
  readonly selected: string;
  readonly usage: ReadonlyMap<string, ToolUsageFigures>;
};

const ToolList = ({ server, selected, usage }: ListProps) => (
  <Card title={text.tools.tool.list} flush className="lg:sticky lg:top-16">
    <ul className="max-h-[70vh] overflow-y-auto p-1.5">
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
              "flex items-baseline gap-2 rounded-md px-2.5 py-1.5",
              name === selected ? "bg-accent-soft text-accent" : "hover:bg-hover",
            )}
          >
            <span className="min-w-0 flex-1">
              <span className="block truncate font-mono text-xs font-medium">{name}</span>
              {title === "" || title === name ? null : (
                <span className={cx("block text-xs", name === selected ? "text-accent" : "text-muted")}>{title}</span>
              )}
            </span>
            <Counts figures={usage.get(name)} />
          </Link>
        </li>
      ))}
    </ul>
  </Card>
);

const Counts = ({ figures }: { readonly figures: ToolUsageFigures | undefined }) =>
  figures === undefined || figures.calls === 0 ? null : (
    <span className="text-xs whitespace-nowrap text-muted" title={text.tools.usage.calls}>
      {count(figures.calls)}
      {figures.failed > 0 ? <span className="text-bad"> · {text.tools.failed(figures.failed)}</span> : null}
    </span>
  );

type PaneProps = {
  readonly server: ToolServerRecord;
  readonly tool: ToolDetail;
  readonly usage: ToolUsageFigures | undefined;
};

function ToolPane({ server, tool, usage }: PaneProps) {
  const words = text.tools.tool;
  return (
    <div className="min-w-0 space-y-4">
      <Card
        title={<span className="font-mono [overflow-wrap:anywhere]">{tool.id}</span>}
        actions={
          <span className="flex flex-wrap gap-1 pr-2">
            <Chip>{tool.read_only ? words.readOnly : words.writes}</Chip>
            <Chip>{tool.idempotent ? words.idempotent : words.once}</Chip>
            <span title={words.tokensNote} className="flex">
              <Chip>{words.tokens(count(tool.tokens))}</Chip>
            </span>
          </span>
        }
      >
        {tool.description === "" ? null : (
          <p className="mb-4 max-w-3xl whitespace-pre-line text-muted [overflow-wrap:anywhere]">{tool.description}</p>
        )}
        <CallForm server={server} tool={tool} />
      </Card>
      <ToolUsage usage={usage} server={server} />
      <Card title={words.schema}>
        <JsonView value={tool.input_schema} open={2} />
      </Card>
      {tool.output_schema === null ? null : (
        <Card title={words.outputSchema}>
          <JsonView value={tool.output_schema} open={1} />
        </Card>
      )}
    </div>
  );
}
