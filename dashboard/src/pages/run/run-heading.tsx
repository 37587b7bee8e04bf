import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { CircleStop, RotateCcw } from "lucide-react";
import { type ReactNode, useState } from "react";
import { operations, type RunDetail } from "../../../../src/api/contract/index.ts";
import { cancelRun, retryRun } from "../../api/actions.ts";
import { currentWorkspace } from "../../api/workspace.ts";
import { hasEnded, usedSoFar } from "../../api/live/live.ts";
import { agentQuery, statusQuery } from "../../api/queries.ts";
import { Ago } from "../../parts/format/ago.tsx";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { count, fullTime } from "../../parts/format/format.ts";
import { cost as showCost, tokens } from "../../parts/format/money.ts";
import { PageHeading } from "../../parts/page-heading.tsx";
import { requestTitle } from "../../parts/messages/plain-words.ts";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { runCommand } from "../../parts/content/shell-command.ts";
import { StatePill } from "../../parts/state-pill.tsx";
import { text } from "../../text/text.ts";
import { RunDuration } from "../runs/run-rows.tsx";
import { RunMenu } from "./run-menu.tsx";

const TITLE_CHARS_MAX = 90;

export function RunHeading({ run }: { readonly run: RunDetail }) {
  const title = requestTitle(run.input, run.message).replaceAll(/\s+/g, " ").trim();
  return (
    <PageHeading
      title={title.length > TITLE_CHARS_MAX ? `${title.slice(0, TITLE_CHARS_MAX)}…` : title}
      note={<Facts run={run} />}
    >
      <Actions run={run} />
    </PageHeading>
  );
}

function Facts({ run }: { readonly run: RunDetail }) {
  const { inputTokens, outputTokens, estimated, toolCalls, cost } = usedSoFar(run);
  return (
    <div className="mt-1.5 flex flex-wrap items-center gap-x-4 gap-y-1">
      <StatePill state={run.state} />
      <Link to="/agents/$name" params={{ name: run.agent }} className="text-accent hover:underline">
        {run.agent}
        <span className="text-muted">@{run.revision}</span>
      </Link>
      <Item name={text.run.facts.model}>{modelOf(run)}</Item>
      <Item name={text.run.facts.duration}>
        <RunDuration run={run} />
      </Item>
      <Item name={text.run.facts.tokens}>
        <span
          title={`${text.run.tokens(count(inputTokens), count(outputTokens))}${estimated ? `; ${text.usage.estimated}` : ""}`}
        >
          {tokens(inputTokens + outputTokens, estimated)}
        </span>
      </Item>
      <Item name={text.run.facts.cost}>{showCost(cost)}</Item>
      <Item name={text.run.facts.tools}>{count(toolCalls)}</Item>
      <Item name={text.run.facts.started}>
        <span title={fullTime(run.created_at)}>
          <Ago at={run.created_at} />
        </span>
      </Item>
      {run.caller === null ? null : (
        <Item name={text.run.facts.caller}>
          <span title={text.run.without(run.caller.lacks)}>
            {run.caller.name} ({run.caller.role})
          </span>
        </Item>
      )}
      {run.isolation === "worker" ? <Item name={text.run.facts.isolation}>{text.run.ownWorker}</Item> : null}
      <Kin run={run} />
      {run.remembered === null ? null : (
        <Item name={text.run.facts.memory}>
          <Remembered of={run.remembered} />
        </Item>
      )}
      {run.attempt > 1 ? <Item name={text.run.facts.resumed}>{run.attempt - 1}×</Item> : null}
    </div>
  );
}

/** The run it was made from, those it was handed off by and to, and those made from it, each with a way to compare them. */
function Kin({ run }: { readonly run: RunDetail }) {
  const { origin } = run;
  return (
    <>
      {origin === null ? null : (
        <Item name={text.run.kin.from[origin.kind]}>
          <RunLink id={origin.run} /> {origin.step === null ? null : text.run.kin.step(origin.step)}{" "}
          <Compare a={origin.run} b={run.id} />
        </Item>
      )}
      {(["from", "to"] as const).map((way) => {
        const other = run.handoffs[way];
        return other === null ? null : (
          <Item key={way} name={text.run.kin.handedOff[way]}>
            <span title={other.reason}>{other.agent}</span> <RunLink id={other.run} />
          </Item>
        );
      })}
      {run.made_from_it.map((made) => (
        <Item key={made.id} name={text.run.kin.to[made.kind]}>
          <RunLink id={made.id} /> <Compare a={run.id} b={made.id} />
        </Item>
      ))}
    </>
  );
}

/** Whether request and answer are stored in memory. */
function Remembered({ of: { state, entity, problem } }: { readonly of: NonNullable<RunDetail["remembered"]> }) {
  const words = (
    <span title={problem}>{problem === "" ? text.run.remembered[state] : text.run.remembered.problem}</span>
  );
  return entity === null ? (
    words
  ) : (
    <Link to="/memory/$id" params={{ id: entity }} className="text-accent hover:underline">
      {words}
    </Link>
  );
}

const ID_CHARS_SHOWN = 8;
const RunLink = ({ id }: { readonly id: string }) => (
  <Link to="/runs/$id" params={{ id }} className="font-mono text-accent hover:underline">
    {id.slice(-ID_CHARS_SHOWN)}
  </Link>
);

const Compare = ({ a, b }: { readonly a: string; readonly b: string }) => (
  <Link to="/runs/$id/diff/$other" params={{ id: a, other: b }} className="text-accent hover:underline">
    {text.run.kin.compare}
  </Link>
);

/** The model asked for, or the one that answered first. */
function modelOf(run: RunDetail): string {
  const first = run.step_list.find((step) => step.kind === "model");
  return run.model ?? first?.model ?? "–";
}

const Item = ({ name, children }: { readonly name: string; readonly children: ReactNode }) => (
  <span className="whitespace-nowrap">
    <span className="text-faint">{name}</span> <span className="text-ink">{children}</span>
  </span>
);

function Actions({ run }: { readonly run: RunDetail }) {
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => cancelRun(run.id),
    onSettled: () => client.invalidateQueries({ queryKey: ["run", run.id] }),
  });
  const model = useChosenModel(run);
  const [isAgain, setAgain] = useState(false);
  const command = runCommand({
    ...run,
    files: run.files.map(({ name }) => name),
    model,
    workspace: currentWorkspace(),
  });
  return (
    <>
      {cancel.error === null ? null : <ProblemView error={cancel.error} />}
      {hasEnded(run) ? null : (
        <Button needs={operations.run.cancel} look="danger" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
          <CircleStop aria-hidden />
          {text.actions.cancel}
        </Button>
      )}
      <Button needs={operations.run.retry} onClick={() => setAgain(true)}>
        <RotateCcw aria-hidden />
        {text.run.again}
      </Button>
      {isAgain ? <RunAgain run={run} onClose={() => setAgain(false)} /> : null}
      <RunMenu run={run} command={command} />
    </>
  );
}

/** The model to name when the request is repeated: the one that answered, where it is not what is used anyway. */
function useChosenModel({ agent, model }: RunDetail): string | undefined {
  const standard = useQuery(statusQuery).data?.default_model;
  const defined = useQuery(agentQuery(agent)).data?.model;
  return model === null || model === (defined ?? standard) ? undefined : model;
}

/** Asks before the same request is made once more, with its files, on the newest revision. */
function RunAgain({ run, onClose }: { readonly run: RunDetail; readonly onClose: () => void }) {
  const navigate = useNavigate();
  const again = useMutation({
    mutationFn: () => retryRun(run.id, { latest: true }),
    onSuccess: (started) => {
      onClose();
      return navigate({ to: "/runs/$id", params: { id: started.id } });
    },
  });
  return (
    <Dialog title={text.run.againTitle} onClose={onClose}>
      <div className="space-y-4 overflow-y-auto p-5">
        <p className="text-sm">{text.run.againNote(run.agent)}</p>
        <p
          tabIndex={0}
          className="max-h-48 overflow-y-auto rounded-md bg-sunken px-3 py-2 text-sm whitespace-pre-wrap [overflow-wrap:anywhere]"
        >
          {run.input}
        </p>
        {again.error === null ? null : <ProblemView error={again.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{text.actions.cancel}</Button>
          <Button look="primary" disabled={again.isPending} onClick={() => again.mutate()}>
            {text.run.againStart}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
