import { Link } from "@tanstack/react-router";
import type { RunSummary } from "../../../../src/api/contract/index.ts";
import { hasEnded } from "../../api/live/live.ts";
import { cx } from "../../parts/class-names.ts";
import { duration } from "../../parts/format/format.ts";
import { text } from "../../text/text.ts";

const BARS = 48;
const HEIGHT = 56;

const TONES: { readonly [State in RunSummary["state"]]: string } = {
  queued: "fill-idle",
  running: "fill-busy",
  "awaiting-approval": "fill-warn",
  "awaiting-choice": "fill-warn",
  "awaiting-input": "fill-warn",
  "awaiting-reply": "fill-idle",
  "needs-decision": "fill-warn",
  completed: "fill-model",
  failed: "fill-bad",
  cancelled: "fill-idle",
};

/** How long the latest runs took, oldest first; on a root scale, so that a slow one does not flatten the rest. */
export function RunChart({ runs }: { readonly runs: readonly RunSummary[] }) {
  const shown = runs.filter(hasEnded).slice(0, BARS).toReversed();
  const took = shown.map((run) => run.duration_ms ?? 0);
  const most = Math.max(1, ...took);
  const sorted = took.filter((ms) => ms > 0).toSorted((one, other) => one - other);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return (
    <div className="flex flex-wrap items-end gap-x-8 gap-y-3">
      <div className="min-w-40">
        <p className="text-xs text-muted">{text.home.chart.title(shown.length)}</p>
        <p className="text-lg font-semibold">{duration(median)}</p>
        <p className="text-xs text-muted">{text.home.chart.slowest(duration(most))}</p>
      </div>
      <ul
        aria-label={text.home.chart.label}
        className="flex h-14 min-w-0 flex-1 basis-60 items-end justify-end gap-0.75 max-sm:gap-px"
      >
        {shown.map((run) => (
          <Bar key={run.id} run={run} share={Math.sqrt((run.duration_ms ?? most) / most)} />
        ))}
      </ul>
    </div>
  );
}

function Bar({ run, share }: { readonly run: RunSummary; readonly share: number }) {
  const height = Math.max(3, share * HEIGHT);
  const label = text.home.chart.bar(run.agent, text.states[run.state], duration(run.duration_ms ?? 0));
  return (
    <li className="h-full max-w-4 min-w-0 flex-1">
      <Link
        to="/runs/$id"
        params={{ id: run.id }}
        aria-label={label}
        title={label}
        tabIndex={-1}
        className="block h-full"
      >
        <svg aria-hidden width="100%" height={HEIGHT}>
          <rect
            y={HEIGHT - height}
            width="100%"
            height={height}
            rx="1.5"
            className={cx(TONES[run.state], "opacity-80 hover:opacity-100")}
          />
          {/* A failure has a cap, so that color is not its only mark. */}
          {run.state === "failed" ? (
            <rect y={Math.max(0, HEIGHT - height - 5)} width="100%" height="3" className="fill-bad" />
          ) : null}
        </svg>
      </Link>
    </li>
  );
}
