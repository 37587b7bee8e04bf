import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import type { ToolServerRecord } from "../../../../src/api/contract/index.ts";
import { toProblem } from "../../api/client.ts";
import { toolServerRecordQuery } from "../../api/tool-servers.ts";
import { Skeleton } from "../../parts/empty.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { TOOL_TABS } from "../../search/search.ts";
import { useListKeys } from "../../shell/keys.ts";
import { text } from "../../text/text.ts";
import { GrantsTab } from "./grants/grants-tab.tsx";
import { LogTab } from "./log-tab.tsx";
import { ServerActions } from "./server-actions.tsx";
import { ServerBanners } from "./server-banners.tsx";
import { ServerFacts } from "./server-facts.tsx";
import { ToolsTab } from "./tools-tab.tsx";
import { VersionsTab } from "./versions/versions-tab.tsx";

const DeployServer = lazy(async () => ({ default: (await import("./versions/deploy-server.tsx")).DeployServer }));
const route = getRouteApi("/tools/$server");

export function ToolServer() {
  const { server: name } = route.useParams();
  const { data: server, error, refetch } = useQuery(toolServerRecordQuery(name));
  useListKeys();
  // One that was deleted meanwhile is gone, whatever was known of it before.
  const isGone = error !== null && toProblem(error).status === 404;
  if (server === undefined || isGone) {
    return (
      <>
        <PageHeading title={name} above={<Above />} />
        {error === null ? <Skeleton lines={8} /> : <ProblemView error={error} onRetry={() => void refetch()} />}
      </>
    );
  }
  return <WholeServer server={server} />;
}

function WholeServer({ server }: { readonly server: ToolServerRecord }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const setDeploy = (deploy: true | undefined) => void navigate({ search: { ...search, deploy }, replace: true });
  return (
    <>
      <PageHeading title={server.name} above={<Above />} note={<ServerFacts server={server} />}>
        <ServerActions server={server} onDeploy={() => setDeploy(true)} />
      </PageHeading>
      <ServerBanners server={server} />
      <ServerTabs server={server} />
      {search.deploy === true ? (
        <Suspense>
          <DeployServer name={server.name} onClose={() => setDeploy(undefined)} />
        </Suspense>
      ) : null}
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

function ServerTabs({ server }: { readonly server: ToolServerRecord }) {
  const { tab = "tools" } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Tabs
      label={server.name}
      value={tab}
      tabs={TOOL_TABS.map((value) => ({
        value,
        label: text.tools.tabs[value],
        ...(value === "tools" ? { count: server.tools.length } : {}),
      }))}
      onChange={(chosen) => void navigate({ search: { tab: chosen }, replace: true })}
    >
      {tab === "tools" ? <ToolsTab server={server} /> : null}
      {tab === "grants" ? <GrantsTab server={server} /> : null}
      {tab === "versions" ? <VersionsTab server={server} /> : null}
      {tab === "logs" ? <LogTab key={server.name} server={server.name} /> : null}
    </Tabs>
  );
}
