import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowRight } from "lucide-react";
import { createContext, use, type ReactNode } from "react";
import type { RunDetail, RunSummary } from "../../../../src/api/contract/index.ts";
import { runQuery, runTreeQuery } from "../../api/queries.ts";
import { StatePill } from "../../parts/state-pill.tsx";
import { text } from "../../text/text.ts";

const DELEGATION = "delegation-";
/** Tools that are agents, by the names that steps and messages have. */
const AGENT_TOOL = /^agent[._]/;

/** Whether a tool call gives a task to another agent. */
const isDelegation = (tool: string): boolean => AGENT_TOOL.test(tool);

export const delegates = ({ replies }: Pick<RunDetail, "replies">): boolean =>
  replies.some(({ reply_with: id }) => id.startsWith(DELEGATION));

/** The runs that tool calls started, by the id of the call. */
type Delegates = ReadonlyMap<string, RunSummary>;
const DelegatesContext = createContext<Delegates>(new Map());

/** A tool call of a run by its position among them, where its id is unknown. */
export const nthCall = (position: number): string => `#${position}`;

/** The reply to a delegation names the message that started the run. */
function runsByCall(run: RunDetail, below: readonly RunSummary[]): Delegates {
  const started = new Map(below.map((each) => [`${DELEGATION}${each.message?.id}`, each]));
  const calls = run.step_list.flatMap((step) => (step.kind === "tool" ? [step.call_id] : []));
  return new Map(
    run.replies.flatMap(({ call_id: call, reply_with: id }): readonly (readonly [string, RunSummary])[] => {
      const found = started.get(id);
      return found === undefined
        ? []
        : [
            [call, found],
            [nthCall(calls.indexOf(call)), found],
          ];
    }),
  );
}

type Props = { readonly run: string; readonly tools: readonly string[]; readonly children: ReactNode };

/** Lets the tool calls of a run link to the runs that they started, with their states. */
export function WithDelegates({ run: id, tools, children }: Props) {
  const enabled = tools.some(isDelegation);
  const { data: run } = useQuery({ ...runQuery(id), enabled });
  const { data: tree } = useQuery({ ...runTreeQuery(id), enabled });
  const known = run === undefined || tree === undefined ? new Map() : runsByCall(run, tree.items);
  return <DelegatesContext value={known}>{children}</DelegatesContext>;
}

/** The run that a call started. */
export function DelegateLink({ call }: { readonly call: string }) {
  const run = use(DelegatesContext).get(call);
  if (run === undefined) return null;
  return (
    <p className="flex flex-wrap items-center gap-2 border-t border-line px-3 py-1 text-xs">
      <Link
        to="/runs/$id"
        params={{ id: run.id }}
        className="inline-flex min-h-6 items-center gap-1 font-medium text-accent hover:underline"
      >
        <ArrowRight aria-hidden className="size-3.5" />
        {text.run.delegate(run.agent)}
      </Link>
      <StatePill state={run.state} />
      <span className="min-w-0 flex-1 truncate text-muted">{run.input_preview}</span>
    </p>
  );
}
