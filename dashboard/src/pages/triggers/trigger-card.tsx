import { Pause, Pencil, Play, Trash2, Zap } from "lucide-react";
import { useState } from "react";
import { operations, type Trigger } from "../../../../src/api/contract/index.ts";
import { fireTrigger, updateTrigger } from "./queries.ts";
import { Button, IconButton } from "../../parts/button.tsx";
import { Card, Chip, Fact } from "../../parts/card.tsx";
import { Ago } from "../../parts/format/ago.tsx";
import { fullTime } from "../../parts/format/format.ts";
import { notify } from "../../parts/problems/notice.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { text } from "../../text/text.ts";
import { DeleteTrigger } from "./delete-trigger.tsx";
import { Fires } from "./fires.tsx";
import { HookSecret } from "./hook-secret.tsx";
import { EditTrigger } from "./trigger-form.tsx";
import { useTriggerChange } from "./use-trigger-change.ts";

const words = text.triggers;

function timesOf({ trigger: spec }: Trigger): string {
  switch (spec.kind) {
    case "cron":
      return `${spec.cron} ${spec.zone}`;
    case "every":
      return words.every(spec.every);
    case "at":
      return fullTime(spec.at);
    case "webhook":
      return words.webhook(spec.verify);
    case "message":
      return words.message(spec.topic);
    case "file":
      return words.file(spec.path);
  }
}

const stateOf = ({ trigger, stopped }: Trigger): keyof typeof words.states =>
  trigger.enabled ? (stopped === null ? "enabled" : "stopped") : "disabled";

type Props = { readonly of: Trigger };

export function TriggerCard({ of }: Props) {
  const { agent, trigger, next_at: next, last_at: last, owner, stopped, url, origin } = of;
  const [isOpen, setOpen] = useState(false);
  return (
    <Card
      title={
        <span className="flex flex-wrap items-center gap-2">
          <span className="[overflow-wrap:anywhere]">
            {agent}/{trigger.name}
          </span>
          <Chip>{words.states[stateOf(of)]}</Chip>
          {origin === "definition" ? <span className="text-xs font-normal text-muted">{words.declared}</span> : null}
        </span>
      }
      actions={<Actions of={of} />}
    >
      {stopped === null ? null : (
        <p role="status" className="mb-3 text-sm text-bad [overflow-wrap:anywhere]">
          {words.states.stopped}: {stopped.reason}
        </p>
      )}
      <dl className="grid grid-cols-2 gap-3 sm:grid-cols-4">
        <Fact name={words.facts.fires}>{timesOf(of)}</Fact>
        <Fact name={words.facts.next}>{next === null ? words.never : fullTime(next)}</Fact>
        <Fact name={words.facts.last}>{last === null ? words.never : <Ago at={last} />}</Fact>
        <Fact name={words.facts.owner}>{owner.name}</Fact>
        {url === null ? null : <Fact name={words.address}>POST {url}</Fact>}
      </dl>
      <p className="mt-3 text-sm text-muted [overflow-wrap:anywhere]">{trigger.input}</p>
      <details className="mt-3" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary className="cursor-pointer text-sm font-medium">{words.history}</summary>
        {isOpen ? <Fires id={of.id} label={`${words.history} ${agent}/${trigger.name}`} /> : null}
      </details>
    </Card>
  );
}

type Open = "edit" | "delete" | "secret";

function Actions({ of }: Props) {
  const { id, agent, trigger, origin } = of;
  const [open, setOpen] = useState<Open>();
  const fire = useTriggerChange(async () => notify(words.fired((await fireTrigger(id)).outcome)), id);
  const turn = useTriggerChange((enabled: boolean) => updateTrigger({ id, enabled }), id);
  const isOn = stateOf(of) === "enabled";
  const isDeclared = origin === "definition";
  const close = () => setOpen(undefined);
  const error = fire.error ?? turn.error;
  return (
    <div className="flex flex-wrap items-center gap-1">
      <Button
        size="small"
        needs={operations.trigger.fire}
        disabled={fire.isPending}
        onClick={() => fire.mutate(undefined)}
      >
        <Zap aria-hidden />
        {words.fire}
      </Button>
      {isDeclared && isOn ? null : (
        <Button
          size="small"
          needs={operations.trigger.update}
          disabled={turn.isPending}
          onClick={() => turn.mutate(!isOn)}
        >
          {isOn ? <Pause aria-hidden /> : <Play aria-hidden />}
          {isOn ? words.disable : words.enable}
        </Button>
      )}
      {trigger.kind === "webhook" ? (
        <Button size="small" needs={operations.trigger.rotateSecret} onClick={() => setOpen("secret")}>
          {words.secret}
        </Button>
      ) : null}
      {isDeclared ? null : (
        <>
          <IconButton
            label={`${words.edit} ${agent}/${trigger.name}`}
            needs={operations.trigger.update}
            onClick={() => setOpen("edit")}
          >
            <Pencil aria-hidden />
          </IconButton>
          <IconButton
            label={`${words.remove} ${agent}/${trigger.name}`}
            needs={operations.trigger.delete}
            onClick={() => setOpen("delete")}
          >
            <Trash2 aria-hidden />
          </IconButton>
        </>
      )}
      {error === null ? null : <ProblemView error={error} className="w-full" />}
      {open === "edit" ? <EditTrigger of={of} onClose={close} /> : null}
      {open === "delete" ? <DeleteTrigger of={of} onClose={close} /> : null}
      {open === "secret" ? <HookSecret id={id} onClose={close} /> : null}
    </div>
  );
}
