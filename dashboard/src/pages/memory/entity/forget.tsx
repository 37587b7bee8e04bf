import { useQuery } from "@tanstack/react-query";
import type { MemoryEntity, MemoryHistory, MemoryObservation } from "../../../../../src/api/contract/index.ts";
import { entityKey, forgetEntity, neighbourhoodQuery } from "../../../api/memory/memory.ts";
import { Button } from "../../../parts/button.tsx";
import { DeleteDialog } from "../../../parts/dialogs/delete-dialog.tsx";
import { Dialog } from "../../../parts/dialogs/dialog.tsx";
import { ProblemView } from "../../../parts/problems/problem-view.tsx";
import { text } from "../../../text/text.ts";
import { beginning } from "../beginning.ts";
import { useChange } from "../forms/use-change.ts";

const words = text.memory;
/** Maximum number of names before "…". */
const NAMED_MAX = 8;

type Props = { readonly history: MemoryHistory; readonly onClose: () => void };

/** Says all that is lost with it, and asks for its name. */
export function ForgetEntity({ history, onClose }: Props) {
  const { entity, observations, changes } = history;
  const now = entity.observations.length;
  return (
    <DeleteDialog
      name={entity.name}
      title={words.forgetTitle(entity.name)}
      action={words.forget}
      done={words.forgotten}
      onClose={onClose}
      remove={() => forgetEntity(entity.id)}
      backTo="/memory"
      gone={entityKey(entity.id)}
      stale={[["memory"]]}
    >
      <div className="space-y-2 text-sm">
        <p>{words.forgetNote}</p>
        <ul className="list-disc space-y-1 pl-5">
          <li>{words.lostObservations(now, observations.length - now)}</li>
          <LostRelations entity={entity} />
          <li>{words.lostChanges(changes.length)}</li>
        </ul>
      </div>
    </DeleteDialog>
  );
}

function LostRelations({ entity }: { readonly entity: MemoryEntity }) {
  const graph = useQuery(neighbourhoodQuery(entity, 1)).data;
  const lost = graph?.relations.filter(({ from, to }) => from === entity.id || to === entity.id) ?? [];
  if (graph === undefined || lost.length === 0) return null;
  const ids = new Set(lost.flatMap(({ from, to }) => [from, to]));
  const names = graph.entities.map((each) => each.entity).filter(({ id }) => id !== entity.id && ids.has(id));
  const shown = names.slice(0, NAMED_MAX).map(({ name }) => name);
  return (
    <li>
      {words.lostRelations(lost.length)}{" "}
      {shown.length === 0 ? null : words.lostWith(`${shown.join(", ")}${names.length > NAMED_MAX ? "…" : ""}`)}
    </li>
  );
}

type ObservationProps = Props & { readonly observation: MemoryObservation };

export function ForgetObservation({ history, observation, onClose }: ObservationProps) {
  const forget = useChange(
    () => forgetText(history, observation.text),
    () => words.forgotten,
  );
  return (
    <Dialog title={words.forgetObservationTitle} onClose={onClose}>
      <div className="space-y-4 overflow-y-auto p-5">
        <blockquote dir="auto" className="border-s-2 border-line-strong ps-3 text-sm [overflow-wrap:anywhere]">
          {beginning(observation.text)}
        </blockquote>
        <p className="text-sm">{words.forgetObservationNote}</p>
        {forget.error === null ? null : <ProblemView error={forget.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{text.actions.cancel}</Button>
          <Button
            look="danger"
            disabled={forget.isPending}
            onClick={() => forget.mutate(undefined, { onSuccess: onClose })}
          >
            {words.forget}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

/** An observation that was retracted and added again is in the history more than once. */
async function forgetText({ entity, observations }: MemoryHistory, said: string): Promise<void> {
  for (const one of observations) {
    if (one.text === said) await forgetEntity(entity.id, one.id);
  }
}
