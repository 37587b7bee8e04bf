import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowRight } from "lucide-react";
import { runsQuery, statusQuery } from "../../api/queries.ts";
import { Card } from "../../parts/card.tsx";
import { Skeleton } from "../../parts/empty.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Table } from "../../parts/table.tsx";
import { useListKeys } from "../../shell/keys.ts";
import { text } from "../../text/text.ts";
import { NoRuns } from "../runs/no-runs.tsx";
import { RunHead, RunRow } from "../runs/run-rows.tsx";
import { FirstSteps } from "./first-steps.tsx";
import { HealthStrip } from "./health-strip.tsx";
import { RunChart } from "./run-chart.tsx";

const RECENT = 8;

export function Home() {
  const { data: status, error, refetch } = useQuery(statusQuery);
  useListKeys();
  return (
    <>
      <PageHeading title={text.pages.home} />
      <div className="space-y-5">
        {status !== undefined ? (
          <HealthStrip status={status} />
        ) : error === null ? (
          <Skeleton lines={2} />
        ) : (
          <ProblemView error={error} onRetry={() => void refetch()} />
        )}
        {status === undefined ? null : <FirstSteps status={status} />}
        <RecentRuns />
      </div>
    </>
  );
}

function RecentRuns() {
  const { data, error, refetch } = useInfiniteQuery(runsQuery());
  if (data === undefined) {
    return error === null ? <Skeleton lines={8} /> : <ProblemView error={error} onRetry={() => void refetch()} />;
  }
  const runs = data.pages.flatMap((page) => page.items);
  return (
    <section aria-labelledby="recent-runs" className="space-y-3">
      <div className="flex items-center gap-3">
        <h2 id="recent-runs" className="flex-1 text-sm font-semibold">
          {text.home.recent}
        </h2>
        {runs.length === 0 ? null : (
          <Link to="/runs" className="flex items-center gap-1 text-sm text-accent hover:underline">
            {text.home.allRuns}
            <ArrowRight aria-hidden className="size-3.5" />
          </Link>
        )}
      </div>
      {runs.length === 0 ? (
        <NoRuns />
      ) : (
        <>
          {runs.length < 3 ? null : (
            <Card>
              <RunChart runs={runs} />
            </Card>
          )}
          <Table label={text.home.recent}>
            <RunHead />
            <tbody>
              {runs.slice(0, RECENT).map((run) => (
                <RunRow key={run.id} run={run} />
              ))}
            </tbody>
          </Table>
        </>
      )}
    </section>
  );
}
