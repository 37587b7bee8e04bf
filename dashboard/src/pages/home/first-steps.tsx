import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck, X } from "lucide-react";
import { useState, type ReactNode } from "react";
import type { Status } from "../../../../src/api/contract/index.ts";
import { agentsQuery, runsQuery } from "../../api/queries.ts";
import { buttonClass, IconButton } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Command } from "../../parts/content/copy.tsx";
import { CLI } from "../../parts/content/shell-command.ts";
import { text } from "../../text/text.ts";
import { readFirstSteps, rememberFirstSteps } from "./seen.ts";

/** The agent a new project comes with. */
const SAMPLE = "data-analyzer";
/** Who has started as many runs is past the first day. */
const RUNS_MAX = 20;

const isLanguageModel = (model: string | null): boolean => model !== null && !/^(?:mock|scripted)(?:\/|$)/.test(model);

/** Four things to do on the first day; each ticks itself off. */
export function FirstSteps({ status }: { readonly status: Status }) {
  const [memory, setMemory] = useState(readFirstSteps);
  const agents = useInfiniteQuery(agentsQuery).data?.pages.flatMap((page) => page.items);
  const runs = useInfiniteQuery(runsQuery()).data?.pages.flatMap((page) => page.items);
  if (memory.hidden === true || agents === undefined || runs === undefined) return null;
  const sample = agents.find(({ name }) => name === SAMPLE) ?? agents[0];
  const name = sample?.name ?? SAMPLE;
  const done = {
    ask: runs.length > 0,
    watch: memory.sawRun === true && runs.length > 0,
    edit: agents.some(({ revision }) => revision > 1),
    connect: [status.default_model, ...runs.map(({ model }) => model)].some(isLanguageModel),
  };
  if (Object.values(done).every(Boolean) || runs.length >= RUNS_MAX) return null;
  const hide = () => {
    rememberFirstSteps({ hidden: true });
    setMemory({ ...memory, hidden: true });
  };
  return (
    <Card
      title={text.home.firstSteps}
      flush
      actions={
        <IconButton label={text.home.hideSteps} onClick={hide}>
          <X aria-hidden />
        </IconButton>
      }
    >
      <Steps name={name} newest={runs[0]?.id} done={done} />
    </Card>
  );
}

type StepsProps = {
  readonly name: string;
  readonly newest: string | undefined;
  readonly done: { readonly [Step in "ask" | "watch" | "edit" | "connect"]: boolean };
};

function Steps({ name, newest, done }: StepsProps) {
  const { ask, watch, edit, connect } = text.home.steps;
  return (
    <ol className="divide-y divide-line">
      <Step {...ask} index={1} done={done.ask} title={ask.title(name)} command={`${CLI} run ${name} "${ask.request}"`}>
        <Link to="/agents/$name" params={{ name }} search={{ tab: "try" }} className={look(!done.ask)}>
          {ask.button}
        </Link>
      </Step>
      <Step {...watch} index={2} done={done.watch} command={`${CLI} run list`}>
        {newest === undefined ? (
          <Link to="/runs" className={look(false)}>
            {watch.list}
          </Link>
        ) : (
          <Link to="/runs/$id" params={{ id: newest }} className={look(done.ask && !done.watch)}>
            {watch.button}
          </Link>
        )}
      </Step>
      <Step {...edit} index={3} done={done.edit} command={`${CLI} dev`}>
        <Link
          to="/agents/$name"
          params={{ name }}
          search={{ tab: "definition" }}
          className={look(done.watch && !done.edit)}
        >
          {edit.button}
        </Link>
      </Step>
      <Step {...connect} index={4} done={done.connect} />
    </ol>
  );
}

/** The step that is next stands out. */
const look = (next: boolean): string => buttonClass(next ? "primary" : "plain", "small");

type StepProps = {
  readonly index: number;
  readonly done: boolean;
  readonly title: string;
  readonly note: string;
  readonly command: string;
  readonly children?: ReactNode;
};

const Step = ({ index, done, title, note, command, children }: StepProps) => (
  <li className="grid grid-cols-[auto_minmax(0,1fr)] items-center gap-x-3 gap-y-2 px-4 py-2.5 lg:grid-cols-[auto_minmax(0,1fr)_minmax(0,26rem)_8rem]">
    {done ? (
      <CircleCheck aria-label={text.home.stepDone} className="size-5 shrink-0 text-good" />
    ) : (
      <span className="flex size-5 shrink-0 items-center justify-center rounded-full border border-line-strong text-2xs text-muted">
        {index}
      </span>
    )}
    <div className="min-w-0">
      <p className={done ? "text-muted" : "font-medium"}>{title}</p>
      <p className="text-xs text-muted">{note}</p>
    </div>
    <div className="flex min-w-0 max-lg:col-start-2 lg:justify-end">
      <Command>{command}</Command>
    </div>
    <div className="flex max-lg:col-start-2 lg:justify-end">{children}</div>
  </li>
);
