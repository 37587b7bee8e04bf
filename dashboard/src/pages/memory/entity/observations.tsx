import { Pencil, Trash2, Undo2 } from "lucide-react";
import { useState } from "react";
import {
  operations,
  type MemoryEntity,
  type MemoryHistory,
  type MemoryObservation,
} from "../../../../../src/api/contract/index.ts";
import { rememberObservation, reviseEntity } from "../../../api/memory/memory.ts";
import { Ago } from "../../../parts/format/ago.tsx";
import { Button, IconButton } from "../../../parts/button.tsx";
import { Card } from "../../../parts/card.tsx";
import { TextArea } from "../../../parts/forms/field.tsx";
import { ProblemView } from "../../../parts/problems/problem-view.tsx";
import { EDITING } from "../../../text/memory/editing.ts";
import { text } from "../../../text/text.ts";
import { percent, spanWords } from "./entity-words.ts";
import { ForgetObservation } from "./forget.tsx";
import { beginning } from "../beginning.ts";
import { LongText } from "./long-text.tsx";
import { AmendDialog } from "./amend-dialog.tsx";
import { SaidBy } from "./said-by.tsx";
import { useChange } from "../forms/use-change.ts";

const words = text.memory;

/** What is said of it now: by whom, when, from which run. */
export function Observations({ history }: { readonly history: MemoryHistory }) {
  const { entity } = history;
  const [forgetting, setForgetting] = useState<MemoryObservation | undefined>(undefined);
  const [amending, setAmending] = useState<MemoryObservation | undefined>(undefined);
  const retract = useChange(
    (observation: string) => reviseEntity(entity.id, { withdraw: [observation] }),
    () => words.retracted,
  );
  return (
    <Card title={words.observations} flush>
      {entity.observations.length === 0 ? <p className="p-4 text-sm text-muted">{words.noObservations}</p> : null}
      <ul aria-label={words.observations} className="divide-y divide-line">
        {entity.observations.map((observation) => (
          <li key={observation.id} className="flex items-start gap-2 py-2.5 pr-2 pl-4">
            <div className="min-w-0 flex-1">
              <LongText className="text-sm whitespace-pre-wrap [overflow-wrap:anywhere]">{observation.text}</LongText>
              <Origin of={observation} />
            </div>
            <IconButton
              needs={operations.memory.revise}
              label={EDITING.amend(nameOf(observation))}
              onClick={() => setAmending(observation)}
            >
              <Pencil aria-hidden />
            </IconButton>
            <IconButton
              needs={operations.memory.revise}
              label={words.retractOne(nameOf(observation))}
              disabled={retract.isPending}
              onClick={() => retract.mutate(observation.text)}
            >
              <Undo2 aria-hidden />
            </IconButton>
            <IconButton
              needs={operations.memory.forget}
              label={words.forgetOne(nameOf(observation))}
              onClick={() => setForgetting(observation)}
            >
              <Trash2 aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
      {retract.error === null ? null : <ProblemView error={retract.error} className="m-4" />}
      <AddObservation entity={entity} />
      {amending === undefined ? null : (
        <AmendDialog entity={entity} observation={amending} onClose={() => setAmending(undefined)} />
      )}
      {forgetting === undefined ? null : (
        <ForgetObservation history={history} observation={forgetting} onClose={() => setForgetting(undefined)} />
      )}
    </Card>
  );
}

/** As much of an observation as a button's name can have. */
const NAME_CHARS = 120;
const nameOf = ({ text: said }: MemoryObservation): string => beginning(said, NAME_CHARS);

function Origin({
  of: { provenance, at, confidence, valid_from: from, valid_to: to },
}: {
  readonly of: MemoryObservation;
}) {
  return (
    <p className="mt-0.5 flex flex-wrap gap-x-3 text-xs text-muted">
      <SaidBy of={provenance} />
      <Ago at={at} />
      {confidence < 1 ? <span>{words.confidence(percent(confidence))}</span> : null}
      {from === null && to === null ? null : <span>{spanWords(from, to)}</span>}
    </p>
  );
}

function AddObservation({ entity: { scope, name, type } }: { readonly entity: MemoryEntity }) {
  const [typed, setTyped] = useState("");
  const add = useChange(rememberObservation, ({ items }) =>
    items[0]?.outcome === "unchanged" ? words.alreadyKnown : words.remembered,
  );
  const observation = typed.trim();
  return (
    <form
      className="space-y-2 border-t border-line p-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (observation !== "")
          add.mutate(
            { scope, name, type, observation },
            { onSuccess: () => setTyped((now) => (now === typed ? "" : now)) },
          );
      }}
    >
      <div className="flex items-end gap-2">
        <TextArea
          aria-label={words.addObservation}
          placeholder={words.addObservation}
          dir="auto"
          rows={1}
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
        />
        <Button needs={operations.memory.remember} type="submit" disabled={observation === "" || add.isPending}>
          {words.add}
        </Button>
      </div>
      {add.error === null ? null : <ProblemView error={add.error} />}
    </form>
  );
}
