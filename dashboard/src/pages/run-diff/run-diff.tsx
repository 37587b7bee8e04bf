import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Difference, RunDiff as Compared, RunSummary, Step } from "../../../../src/api/contract/index.ts";
import { diffQuery } from "../../api/queries.ts";
import { Card } from "../../parts/card.tsx";
import { Diff } from "../../parts/content/code.tsx";
import { Skeleton } from "../../parts/empty.tsx";
import { count } from "../../parts/format/format.ts";
import { PageHeading } from "../../parts/page-heading.tsx";
import { requestTitle } from "../../parts/messages/plain-words.ts";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { StatePill } from "../../parts/state-pill.tsx";
import { text } from "../../text/text.ts";

const route = getRouteApi("/runs/$id/diff/$other");
const words = text.run.diff;

/** Two runs side by side: only what differs. */
export function RunDiff() {
  const { id, other } = route.useParams();
  const { data: diff, error, refetch } = useQuery(diffQuery(id, other));
  return (
    <>
      <PageHeading title={words.title} />
      {diff === undefined ? (
        error === null ? (
          <Skeleton lines={10} />
        ) : (
          <ProblemView error={error} onRetry={() => void refetch()} />
        )
      ) : (
        <Both diff={diff} />
      )}
    </>
  );
}

function Both({ diff }: { readonly diff: Compared }) {
  const different = diff.steps.filter(({ a, b, differences }) => !a || !b || differences.length > 0);
  const alike = diff.steps.length - different.length;
  return (
    <div className="space-y-4">
      <div className="grid gap-4 md:grid-cols-2">
        <OneRun run={diff.a} sign="−" />
        <OneRun run={diff.b} sign="+" />
      </div>
      {diff.same ? <p>{words.same}</p> : null}
      {diff.differences.length === 0 ? null : (
        <Card title={words.whole}>
          <Differences differences={diff.differences} />
        </Card>
      )}
      {different.map(({ a, b, differences }) => (
        <Card key={`${a?.index ?? "none"} ${b?.index ?? "none"}`} title={<StepName a={a} b={b} />}>
          {a && b ? (
            <Differences differences={differences} />
          ) : (
            <p className="text-muted">{a ? words.onlyA : words.onlyB}</p>
          )}
        </Card>
      ))}
      {alike === 0 ? null : <p className="text-sm text-muted">{words.alike(alike)}</p>}
    </div>
  );
}

const OneRun = ({ run, sign }: { readonly run: RunSummary; readonly sign: string }) => (
  <Card
    title={
      <Link to="/runs/$id" params={{ id: run.id }} className="text-accent hover:underline">
        {`${sign} ${run.agent}@${run.revision}`}
      </Link>
    }
    actions={<StatePill state={run.state} />}
  >
    <p className="truncate">{requestTitle(run.input_preview, run.message)}</p>
    <p className="mt-1 text-xs text-muted">{`${run.model ?? "–"} · ${text.run.tokens(count(run.input_tokens), count(run.output_tokens))} · ${text.tryIt.tools(run.tool_calls)}`}</p>
  </Card>
);

const StepName = ({ a, b }: { readonly a: Step | null; readonly b: Step | null }) => {
  const step = a ?? b;
  if (step === null) return null;
  return <span className="font-mono">{step.kind === "model" ? text.run.turn(step.turn) : step.tool}</span>;
};

const Differences = ({ differences }: { readonly differences: readonly Difference[] }) => (
  <dl className="space-y-3">
    {differences.map(({ what, a, b }) => (
      <div key={what}>
        <dt className="mb-1 text-xs text-muted">{what}</dt>
        <dd>
          <Diff label={what} before={shown(a)} after={shown(b)} />
        </dd>
      </div>
    ))}
  </dl>
);

const shown = (value: Difference["a"]): string =>
  typeof value === "string" ? value : value === null ? "" : JSON.stringify(value, null, 2);
