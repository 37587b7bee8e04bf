import { Link } from "@tanstack/react-router";
import type { RunSummary } from "../../../../src/api/contract/index.ts";
import { isMoving } from "../../api/live/live.ts";
import { Ago } from "../../parts/format/ago.tsx";
import { useServerNow } from "../../parts/format/clock.ts";
import { count, duration, shortCount } from "../../parts/format/format.ts";
import { cost } from "../../parts/format/money.ts";
import { requestTitle } from "../../parts/messages/plain-words.ts";
import { Chip } from "../../parts/card.tsx";
import { StatePill } from "../../parts/state-pill.tsx";
import { Row, rowLink, Td, Th } from "../../parts/table.tsx";
import { contextText } from "../../text/runs/context.ts";
import { text } from "../../text/text.ts";

type HeadProps = { readonly withAgent?: boolean };

export function RunHead({ withAgent = true }: HeadProps) {
  const { columns } = text.runs;
  return (
    <thead>
      <tr>
        <Th className="w-36 max-sm:w-0">{columns.state}</Th>
        <Th>{columns.request}</Th>
        {withAgent ? <Th className="w-40 max-sm:hidden">{columns.agent}</Th> : null}
        <Th className="w-20 text-right max-xl:hidden">{columns.tools}</Th>
        <Th className="w-24 text-right max-xl:hidden">{columns.tokens}</Th>
        <Th className="w-28 text-right max-xl:hidden">{columns.cost}</Th>
        <Th className="w-24 text-right max-sm:w-0">{columns.duration}</Th>
        <Th className="w-28 text-right max-sm:hidden">{columns.started}</Th>
      </tr>
    </thead>
  );
}

type RowProps = HeadProps & {
  readonly run: RunSummary;
  /** Index in the virtualized list, from 0, and the callback that measures its height. */
  readonly index?: number;
  readonly measure?: (row: HTMLTableRowElement | null) => void;
};

export function RunRow({ run, index, measure, withAgent = true }: RowProps) {
  const tokens = run.input_tokens + run.output_tokens;
  return (
    <Row
      className="h-10.5"
      aria-rowindex={index === undefined ? undefined : index + 2}
      data-index={index}
      ref={measure}
    >
      <Td>
        <StatePill state={run.state} shrinks />
      </Td>
      <Td className="max-w-0">
        <span className="flex items-center gap-2">
          <Link to="/runs/$id" params={{ id: run.id }} data-row-link className={`${rowLink} truncate`}>
            {requestTitle(run.input_preview, run.message)}
          </Link>
          <span className="flex max-w-1/2 shrink-0 gap-1 overflow-hidden max-sm:hidden">
            {run.tags.map((tag) => (
              <Chip key={tag}>{tag}</Chip>
            ))}
          </span>
        </span>
        {run.notices.length === 0 ? null : (
          <span className="block truncate text-xs text-warn">
            {run.notices.map((code) => contextText.notices[code] ?? code).join(", ")}
          </span>
        )}
        {run.failure === null ? null : <span className="block truncate text-xs text-bad">{run.failure.message}</span>}
      </Td>
      {withAgent ? (
        <Td className="max-w-40 truncate text-muted max-sm:hidden">
          {run.agent}
          <span className="text-faint">@{run.revision}</span>
        </Td>
      ) : null}
      <Td className="text-right text-muted max-xl:hidden">{run.tool_calls === 0 ? "–" : count(run.tool_calls)}</Td>
      <Td className="text-right text-muted max-xl:hidden">
        {tokens === 0 ? "–" : `${run.cost.estimated_calls > 0 ? "≈ " : ""}${shortCount(tokens)}`}
      </Td>
      <Td className="text-right whitespace-nowrap text-muted max-xl:hidden">
        {run.steps === 0 ? "–" : cost(run.cost)}
      </Td>
      <Td className="text-right whitespace-nowrap text-muted">
        <RunDuration run={run} />
      </Td>
      <Td className="text-right text-muted max-sm:hidden">
        <Ago at={run.created_at} />
      </Td>
    </Row>
  );
}

/** How long a run took, or has taken so far. */
export function RunDuration({ run }: { readonly run: RunSummary }) {
  if (run.duration_ms !== null) return duration(run.duration_ms);
  return isMoving(run) ? <Growing since={run.started_at ?? run.created_at} /> : "–";
}

function Growing({ since }: { readonly since: string }) {
  const nowMs = useServerNow(250);
  return duration(Math.max(0, nowMs - Date.parse(since)));
}
