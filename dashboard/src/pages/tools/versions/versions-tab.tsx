import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ToolServerRecord, ToolServerVersion } from "../../../../../src/api/contract/index.ts";
import { toolServerVersionsQuery } from "../../../api/tool-servers.ts";
import { Ago } from "../../../parts/format/ago.tsx";
import { Button } from "../../../parts/button.tsx";
import { cx } from "../../../parts/class-names.ts";
import { Empty, Skeleton } from "../../../parts/empty.tsx";
import { ProblemView } from "../../../parts/problems/problem-view.tsx";
import { Row, rowLink, Table, Td, Th } from "../../../parts/table.tsx";
import { text } from "../../../text/text.ts";
import { PublisherMark } from "../server-state.tsx";
import { VersionDetail } from "./version-detail.tsx";

const route = getRouteApi("/tools/$server");

/** Every revision that is kept, one of them open: what it changed, and whether it may serve. */
export function VersionsTab({ server }: { readonly server: ToolServerRecord }) {
  const list = useInfiniteQuery(toolServerVersionsQuery(server.name));
  const { revision } = route.useSearch();
  const words = text.tools.versions;
  if (list.data === undefined) {
    return list.error === null ? <Skeleton /> : <ProblemView error={list.error} onRetry={() => void list.refetch()} />;
  }
  const versions = list.data.pages.flatMap((page) => page.items);
  const chosen = revision ?? server.pending_revision ?? server.revision ?? versions[0]?.revision;
  const shown = versions.find((version) => version.revision === chosen) ?? versions[0];
  if (shown === undefined) return <Empty title={words.remote} note={words.remoteNote} />;
  return (
    <div className="grid items-start gap-4 xl:grid-cols-[30rem_minmax(0,1fr)]">
      <div className="min-w-0">
        <VersionTable versions={versions} selected={shown.revision} />
        {list.hasNextPage ? (
          <Button size="small" className="mt-3" onClick={() => void list.fetchNextPage()}>
            {text.actions.older}
          </Button>
        ) : null}
      </div>
      <VersionDetail key={shown.revision} server={server} version={shown} versions={versions} />
    </div>
  );
}

type TableProps = { readonly versions: readonly ToolServerVersion[]; readonly selected: number };

function VersionTable({ versions, selected }: TableProps) {
  const { columns } = text.tools.versions;
  return (
    <Table label={text.tools.tabs.versions}>
      <thead>
        <tr>
          <Th>{columns.revision}</Th>
          <Th>{columns.version}</Th>
          <Th className="max-sm:hidden">{columns.publisher}</Th>
          <Th className="text-right">{columns.deployed}</Th>
        </tr>
      </thead>
      <tbody>
        {versions.map((version) => (
          <Row key={version.revision} className={version.revision === selected ? "bg-accent-soft" : ""}>
            <Td className="whitespace-nowrap">
              <Link
                from="/tools/$server"
                to="."
                search={(before) => ({ ...before, tab: "versions", revision: version.revision, against: undefined })}
                replace
                resetScroll={false}
                data-row-link
                aria-current={version.revision === selected ? "true" : undefined}
                className={rowLink}
              >
                {version.revision}
              </Link>
              <VersionStatus status={version.status} />
            </Td>
            <Td className="text-muted">{version.version}</Td>
            <Td className="text-xs text-muted max-sm:hidden">
              <PublisherMark publisher={version.publisher} />
            </Td>
            <Td className="text-right text-muted">
              <Ago at={version.deployed_at} />
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

const TONES = { serving: "text-good", pending: "text-warn", draining: "text-busy", past: "text-muted" } as const;

export const VersionStatus = ({ status }: Pick<ToolServerVersion, "status">) =>
  status === "past" ? null : (
    <span className={cx("ml-2 text-xs font-medium", TONES[status])}>{text.tools.versions.statuses[status]}</span>
  );
