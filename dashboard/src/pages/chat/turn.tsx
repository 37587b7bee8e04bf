import { Link } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight, Ellipsis, GitFork, Pencil, RotateCcw, Undo2 } from "lucide-react";
import { memo, type ReactNode } from "react";
import { operations, type Turn } from "../../../../src/api/contract/index.ts";
import { hasEnded } from "../../api/live/live.ts";
import { useRun } from "../../api/live/run-live.ts";
import { IconButton } from "../../parts/button.tsx";
import { CopyButton } from "../../parts/content/copy.tsx";
import { fullTime } from "../../parts/format/format.ts";
import { cost, tokens } from "../../parts/format/money.ts";
import { Menu, type MenuItem } from "../../parts/menu.tsx";
import { text } from "../../text/text.ts";
import { RunApprovals } from "../approvals/approval-card.tsx";
import { ChoiceBanner } from "../run/choice-banner.tsx";
import { DecisionBanner } from "../run/decision-banner.tsx";
import { delegates, WithDelegates } from "../run/delegates.tsx";
import { Questions } from "../run/questions.tsx";
import { WaitingBelow } from "../run/waiting-below.tsx";
import { Entries, UserEntry } from "./entries.tsx";
import { type Said, saidAdded, saidIn, saidLive } from "./said.ts";

const words = text.chat;

/** What can be done with a turn. */
export type TurnActions = {
  readonly edit: (turn: Turn) => void;
  readonly regenerate: (turn: Turn) => void;
  readonly fork: (turn: Turn) => void;
  readonly undoAfter: (turn: Turn) => void;
  readonly show: (run: string) => void;
};

type Props = { readonly turn: Turn; readonly isLast: boolean; readonly actions: TurnActions };

/** A turn that has ended: its message, what the agent did, and the branches at its place. */
export const EndedTurn = memo(function EndedTurn({ turn, isLast, actions }: Props) {
  return <TurnFrame turn={turn} said={saidIn(turn)} isLast={isLast} actions={actions} />;
});

/** A turn in progress, or that was when the page was opened, with its approvals and questions. */
export function LiveTurn({ turn, isLast, actions }: Props) {
  const { data: run, drafts, thoughts, progress, logs } = useRun(turn.run);
  const [first] = turn.messages;
  const author = first?.role === "user" ? first.author : "";
  // What was written before a turn was cut off is shown as long as the page is open.
  const said =
    run === undefined || turn.state === "completed" ? saidIn(turn) : saidLive(run, { drafts, thoughts }, author);
  return (
    <TurnFrame turn={turn} said={said} isLast={isLast} actions={actions} live={{ progress, logs }}>
      {run === undefined ? null : (
        <div className="[&>*:last-child]:mb-0 empty:hidden">
          <DecisionBanner run={run} />
          <ChoiceBanner run={run} />
          <RunApprovals run={run} />
          <Questions run={run} />
          <WaitingBelow run={run.id} enabled={delegates(run)} />
        </div>
      )}
    </TurnFrame>
  );
}

type FrameProps = Props & {
  readonly said: readonly Said[];
  readonly live?: Pick<ReturnType<typeof useRun>, "progress" | "logs">;
  readonly children?: ReactNode;
};

function TurnFrame({ turn, said, isLast, actions, live, children }: FrameProps) {
  const [first] = said;
  const rest = first?.kind === "user" ? said.slice(1) : said;
  return (
    <article data-turn={turn.run} className="group/turn space-y-3 [contain-intrinsic-size:auto_16rem]">
      <Entries said={saidAdded(turn.added)} agent={turn.agent} run={turn.run} />
      {first?.kind === "user" ? <UserEntry entry={first} run={turn.run} /> : null}
      {turn.handoffs.from === null ? <Branches turn={turn} actions={actions} /> : null}
      <WithDelegates run={turn.run} tools={toolsIn(rest)}>
        <Entries said={rest} agent={turn.agent} run={turn.run} progress={live?.progress} logs={live?.logs} />
      </WithDelegates>
      {children}
      {hasEnded(turn) ? <Foot turn={turn} said={rest} isLast={isLast} actions={actions} /> : null}
    </article>
  );
}

const toolsIn = (said: readonly Said[]) => said.flatMap((entry) => (entry.kind === "tool" ? [entry.use.tool] : []));

/** Below a message: the way among the branches that begin there, and the way to edit it. */
function Branches({ turn, actions }: Pick<Props, "turn" | "actions">) {
  const { siblings, run } = turn;
  const at = siblings.indexOf(run);
  const go = (by: number) => {
    const other = siblings[at + by];
    if (other !== undefined) actions.show(other);
  };
  return (
    <div className="-mt-1 flex items-center justify-end gap-1 text-xs text-muted">
      {siblings.length < 2 ? null : (
        <div role="group" aria-label={words.branches} className="flex items-center">
          <IconButton
            label={words.previous}
            needs={operations.thread.update}
            disabled={at <= 0}
            onClick={() => go(-1)}
            className="size-7!"
          >
            <ChevronLeft aria-hidden />
          </IconButton>
          <span className="tabular-nums">{words.branch(at + 1, siblings.length)}</span>
          <IconButton
            label={words.next}
            needs={operations.thread.update}
            disabled={at === siblings.length - 1}
            onClick={() => go(1)}
            className="size-7!"
          >
            <ChevronRight aria-hidden />
          </IconButton>
        </div>
      )}
      <IconButton
        label={words.edit}
        needs={operations.thread.send}
        onClick={() => actions.edit(turn)}
        className="size-7!"
      >
        <Pencil aria-hidden />
      </IconButton>
    </div>
  );
}

type FootProps = Props & { readonly said: readonly Said[] };

/** Below an answer: what can be done with it, its cost, and its run. */
function Foot({ turn, said, isLast, actions }: FootProps) {
  const answer = said.findLast((entry) => entry.kind === "assistant")?.text ?? "";
  const total = turn.input_tokens + turn.output_tokens;
  const items: readonly MenuItem[] = [
    { label: words.fork, icon: <GitFork aria-hidden />, needs: operations.thread.fork, act: () => actions.fork(turn) },
    ...(isLast
      ? []
      : [
          {
            label: words.undo,
            icon: <Undo2 aria-hidden />,
            needs: operations.thread.update,
            act: () => actions.undoAfter(turn),
          },
        ]),
  ];
  return (
    <div className="-ml-2 flex flex-wrap items-center gap-x-1 text-xs text-muted">
      {answer === "" ? null : <CopyButton value={answer} />}
      <IconButton
        label={words.regenerate}
        needs={operations.thread.send}
        onClick={() => actions.regenerate(turn)}
        className="size-7!"
      >
        <RotateCcw aria-hidden />
      </IconButton>
      <Menu
        trigger={
          <IconButton label={words.more} className="size-7!">
            <Ellipsis aria-hidden />
          </IconButton>
        }
        items={items}
      />
      <span className="ml-1 flex flex-wrap items-center gap-x-3">
        <Link
          to="/runs/$id"
          params={{ id: turn.run }}
          className="inline-flex h-6 min-w-6 items-center text-accent hover:underline"
        >
          {words.run}
        </Link>
        <span title={words.moved(turn.agent, turn.revision)}>
          {words.used(tokens(total, turn.cost.estimated_calls > 0), cost(turn.cost))}
        </span>
        <time dateTime={turn.created_at}>{fullTime(turn.created_at)}</time>
      </span>
    </div>
  );
}
