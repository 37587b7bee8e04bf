import { useState } from "react";
import type { MemoryEntity } from "../../../../src/api/contract/index.ts";
import { reviseEntity } from "../../api/memory.ts";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Field, Input } from "../../parts/field.tsx";
import { ProblemView } from "../../parts/problem-view.tsx";
import { text } from "../../text.ts";
import { useChange } from "./use-change.ts";

const words = text.memory;

/** Changes what kind of thing it is, and how much it matters. */
export function EditDialog({ entity, onClose }: { readonly entity: MemoryEntity; readonly onClose: () => void }) {
  const [type, setType] = useState(entity.type);
  const [strength, setStrength] = useState(String(entity.strength));
  const save = useChange(
    () => reviseEntity(entity.id, { type: type.trim(), strength: Number(strength) }),
    () => words.changed,
  );
  return (
    <Dialog title={words.editTitle(entity.name)} onClose={onClose}>
      <form
        className="space-y-4 overflow-y-auto p-5"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate(undefined, { onSuccess: onClose });
        }}
      >
        <Field label={words.type} required>
          {({ id }) => (
            <Input id={id} data-autofocus required value={type} onChange={({ target }) => setType(target.value)} />
          )}
        </Field>
        <Field label={words.facts.strength} note={words.strengthNote} required>
          {({ id, describedBy }) => (
            <Input
              id={id}
              aria-describedby={describedBy}
              type="number"
              min={0}
              max={1}
              step="any"
              required
              value={strength}
              onChange={({ target }) => setStrength(target.value)}
            />
          )}
        </Field>
        {save.error === null ? null : <ProblemView error={save.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{text.actions.cancel}</Button>
          <Button type="submit" look="primary" disabled={save.isPending}>
            {words.saveChange}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
