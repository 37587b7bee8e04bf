import { useState } from "react";
import type { Secret } from "../../../../src/api/contract/index.ts";
import { rotateSecret, setSecret } from "../../api/secrets.ts";
import { Button } from "../../parts/button.tsx";
import { DialogForm } from "../../parts/dialogs/dialog-form.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { Field, Input, TextArea } from "../../parts/forms/field.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { text } from "../../text/text.ts";
import { PlaceField, usePageWorkspace, ValueField } from "./secret-form.tsx";
import { useStore } from "./use-store.ts";

const words = text.settings.secrets;

type AddProps = { readonly secrets: readonly Secret[]; readonly onClose: () => void };

/** Stores a secret under a new name. */
export function AddSecret({ secrets, onClose }: AddProps) {
  const [name, setName] = useState("");
  const [origins, setOrigins] = useState("");
  const [workspace, setWorkspace] = useState(usePageWorkspace());
  const isTaken = secrets.some((each) => each.name === name && each.workspace === workspace);
  const { input, isFilled, setFilled, store } = useStore(
    (value) => setSecret({ name, workspace }, { value, origins: origins.split(/\s+/).filter((each) => each !== "") }),
    () => {
      notify(words.isStored);
      onClose();
    },
  );
  const isReady = isFilled && name !== "" && !isTaken && !store.isPending;
  return (
    <Dialog title={words.add} onClose={onClose}>
      <DialogForm
        onSubmit={() => {
          if (isReady) store.mutate();
        }}
        error={store.error}
        buttons={<Buttons action={words.set(false)} isReady={isReady} onClose={onClose} />}
      >
        <Field label={words.columns.name} note={words.nameNote} error={isTaken ? words.taken : undefined}>
          {({ id, describedBy }) => (
            <Input
              id={id}
              aria-describedby={describedBy}
              aria-invalid={isTaken || undefined}
              autoComplete="off"
              spellCheck={false}
              maxLength={128}
              className="font-mono"
              value={name}
              onChange={(event) => setName(event.target.value.trim())}
            />
          )}
        </Field>
        <ValueField input={input} onInput={setFilled} />
        <PlaceField value={workspace} onValue={setWorkspace} />
        <Field label={words.columns.origins} note={words.originsNote}>
          {({ id, describedBy }) => (
            <TextArea
              id={id}
              aria-describedby={describedBy}
              rows={2}
              spellCheck={false}
              className="font-mono"
              value={origins}
              onChange={(event) => setOrigins(event.target.value)}
            />
          )}
        </Field>
      </DialogForm>
    </Dialog>
  );
}

type ReplaceProps = { readonly secret: Secret; readonly onClose: () => void };

/** Replaces the value of a secret; its origins stay. */
export function ReplaceSecret({ secret, onClose }: ReplaceProps) {
  const { input, isFilled, setFilled, store } = useStore(
    (value) => rotateSecret(secret, value),
    () => {
      notify(words.isStored);
      onClose();
    },
  );
  const isReady = isFilled && !store.isPending;
  return (
    <Dialog title={words.replaceTitle} onClose={onClose}>
      <DialogForm
        onSubmit={() => {
          if (isReady) store.mutate();
        }}
        error={store.error}
        buttons={<Buttons action={words.replace(false)} isReady={isReady} onClose={onClose} />}
      >
        <p className="text-sm [overflow-wrap:anywhere]">{words.replaceNote(secret.name)}</p>
        <ValueField input={input} onInput={setFilled} />
      </DialogForm>
    </Dialog>
  );
}

type ButtonsProps = { readonly action: string; readonly isReady: boolean; readonly onClose: () => void };

const Buttons = ({ action, isReady, onClose }: ButtonsProps) => (
  <>
    <Button onClick={onClose}>{text.actions.cancel}</Button>
    <Button type="submit" look="primary" disabled={!isReady}>
      {action}
    </Button>
  </>
);
