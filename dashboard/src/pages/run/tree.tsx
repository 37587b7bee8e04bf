import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { RunDetail, RunSummary } from "../../../../src/api/contract/index.ts";
import { runTreeQuery } from "../../api/queries.ts";
import { Card } from "../../parts/card.tsx";
import { StatePill } from "../../parts/state-pill.tsx";
import { text } from "../../text/text.ts";
import { delegates } from "./delegates.tsx";
import { WaitingBelow } from "./waiting-below.tsx";

/** The run that this one works for, and those that work for it or continue it. */
export function Tree({ run }: { readonly run: RunDetail }) {
  const isParent = run.handed_to !== null || delegates(run);
  const { data } = useQuery({ ...runTreeQuery(run.id), enabled: isParent });
  if (run.parent === null && !isParent) return null;
  return (
    <Card title={text.run.tree}>
      {run.parent === null ? null : (
        <p className="mb-2 text-xs text-muted [overflow-wrap:anywhere]">
          {text.run.partOf}{" "}
          <Link to="/runs/$id" params={{ id: run.parent }} className="font-mono text-accent hover:underline">
            {run.parent}
          </Link>
        </p>
      )}
      {data === undefined ? null : <Below runs={data.items} parent={run.id} />}
      <WaitingBelow run={run.id} enabled={isParent} />
    </Card>
  );
}

function Below({ runs, parent }: { readonly runs: readonly RunSummary[]; readonly parent: string }) {
  const below = runs.filter((each) => (each.handed_from ?? each.parent) === parent);
  if (below.length === 0) return null;
  return (
    <ul aria-label={text.run.below} className="space-y-1.5">
      {below.map(({ id, agent, state, input_preview: request }) => (
        <li key={id}>
          <div className="flex flex-wrap items-center gap-2">
            <Link to="/runs/$id" params={{ id }} className="font-medium text-accent hover:underline">
              {agent}
            </Link>
            <StatePill state={state} />
            <span className="min-w-0 truncate text-xs text-muted">{request}</span>
          </div>
          <div className="mt-1.5 ml-4">
            <Below runs={runs} parent={id} />
          </div>
        </li>
      ))}
    </ul>
  );
}
