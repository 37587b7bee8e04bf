import { useState } from "react";
import { rememberObservation, type Remembering } from "../../api/memory/memory.ts";
import { Button } from "../../parts/button.tsx";
import { DialogForm } from "../../parts/dialogs/dialog-form.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { Field, Input, TextArea } from "../../parts/forms/field.tsx";
import { text } from "../../text/text.ts";
import { useChange } from "./forms/use-change.ts";

const words = text.memory;

/** Something is said of an entity, which is made when it is not known. */
export function RememberDialog({ onClose }: { readonly onClose: () => void }) {
  const [given, setGiven] = useState({ scope: "workspace", name: "", type: "", observation: "" });
  const remember = useChange(rememberObservation, ({ items }) =>
    items[0]?.outcome === "unchanged" ? words.alreadyKnown : words.remembered,
  );
  const set = (change: Partial<typeof given>) => setGiven((before) => ({ ...before, ...change }));
  const isWhole = given.name.trim() !== "" && given.observation.trim() !== "";
  const wanted: Remembering = { ...given, type: given.type === "" ? undefined : given.type };
  return (
    <Dialog title={words.remember} onClose={onClose}>
      <DialogForm
        onSubmit={() => {
          if (isWhole && !remember.isPending) remember.mutate(wanted, { onSuccess: onClose });
        }}
        error={remember.error}
        buttons={
          <>
            <Button onClick={onClose}>{text.actions.cancel}</Button>
            <Button type="submit" look="primary" disabled={!isWhole || remember.isPending}>
              {words.save}
            </Button>
          </>
        }
      >
        <Field label={words.name} note={words.rememberNote} required>
          {({ id, describedBy }) => (
            <Input
              id={id}
              aria-describedby={describedBy}
              data-autofocus
              dir="auto"
              autoComplete="off"
              value={given.name}
              onChange={({ target }) => set({ name: target.value })}
            />
          )}
        </Field>
        <div className="grid grid-cols-2 gap-3">
          <Field label={words.type} note={words.typeNote}>
            {({ id, describedBy }) => (
              <Input
                id={id}
                aria-describedby={describedBy}
                value={given.type}
                onChange={({ target }) => set({ type: target.value })}
              />
            )}
          </Field>
          <Field label={words.scope}>
            {({ id }) => <Input id={id} value={given.scope} onChange={({ target }) => set({ scope: target.value })} />}
          </Field>
        </div>
        <Field label={words.observation} required>
          {({ id }) => (
            <TextArea
              id={id}
              dir="auto"
              rows={3}
              value={given.observation}
              onChange={({ target }) => set({ observation: target.value })}
            />
          )}
        </Field>
      </DialogForm>
    </Dialog>
  );
}
