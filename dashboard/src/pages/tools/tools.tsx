import { operations } from "../../../../src/api/contract/index.ts";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Rocket } from "lucide-react";
import { lazy, Suspense } from "react";
import { statusQuery } from "../../api/queries.ts";
import { toolServerListQuery } from "../../api/tool-servers.ts";
import { Ago } from "../../parts/format/ago.tsx";
import { Button } from "../../parts/button.tsx";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { useListKeys } from "../../shell/keys.ts";
import { text } from "../../text/text.ts";
import { fits, ServerFilter } from "./server-filter.tsx";
import { ServerTable } from "./server-table.tsx";

const DeployServer = lazy(async () => ({ default: (await import("./versions/deploy-server.tsx")).DeployServer }));
const route = getRouteApi("/tools");

export function Tools() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const setDeploy = (deploy: true | undefined) => void navigate({ search: { ...search, deploy } });
  useListKeys();
  return (
    <>
      <PageHeading title={text.pages.tools} note={text.tools.note}>
        <Button needs={operations.toolServer.deploy} look="primary" onClick={() => setDeploy(true)}>
          <Rocket aria-hidden />
          {text.tools.deploy.title}
        </Button>
      </PageHeading>
      <ServerList onDeploy={() => setDeploy(true)} />
      {search.deploy === true ? (
        <Suspense>
          <DeployServer onClose={() => setDeploy(undefined)} />
        </Suspense>
      ) : null}
    </>
  );
}

/** Counters and health begin with the server; what was spent before is under Usage. */
function SinceStart() {
  const started = useQuery(statusQuery).data?.started_at;
  if (started === undefined) return null;
  return (
    <p className="mb-3 text-xs text-muted">
      {text.tools.sinceStart} <Ago at={started} />.{" "}
      <Link to="/usage" className="text-accent underline">
        {text.tools.toUsage}
      </Link>
    </p>
  );
}

function ServerList({ onDeploy }: { readonly onDeploy: () => void }) {
  const search = route.useSearch();
  const { data: servers, error, refetch } = useQuery(toolServerListQuery);
  if (servers === undefined) {
    return error === null ? <Skeleton lines={8} /> : <ProblemView error={error} onRetry={() => void refetch()} />;
  }
  if (servers.length === 0) {
    return (
      <Empty title={text.tools.empty} note={text.tools.emptyNote} command={text.tools.deploy.command}>
        <Button needs={operations.toolServer.deploy} look="primary" onClick={onDeploy}>
          <Rocket aria-hidden />
          {text.tools.deploy.title}
        </Button>
      </Empty>
    );
  }
  const shown = servers.filter((server) => fits(server, search));
  return (
    <>
      <SinceStart />
      <ServerFilter servers={servers} shown={shown.length} />
      {shown.length === 0 ? (
        <Empty title={text.tools.none} note={text.tools.noneNote} />
      ) : (
        <ServerTable servers={shown} />
      )}
    </>
  );
}
