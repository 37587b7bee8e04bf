import { useState } from "react";
import { pauseToolServer } from "../../api/tool-servers.ts";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Field, Input } from "../../parts/field.tsx";
import { ProblemView } from "../../parts/problem-view.tsx";
import { text } from "../../text.ts";
import { useSteer } from "./steer.ts";

type Props = { readonly name: string; readonly onClose: () => void };

/** Asks why: the reason is what a refused call is told. */
export function PauseServer({ name, onClose }: Props) {
  const { pause } = text.tools;
  const [reason, setReason] = useState("");
  const steer = useSteer(
    name,
    () => pauseToolServer(name, reason.trim()),
    () => pause.done(name),
  );
  return (
    <Dialog title={pause.title(name)} onClose={onClose}>
      <form
        className="space-y-4 p-5"
        onSubmit={(event) => {
          event.preventDefault();
          steer.mutate(undefined, { onSuccess: onClose });
        }}
      >
        <p className="text-muted">{pause.note}</p>
        <Field label={pause.reason} note={pause.reasonNote}>
          {({ id, describedBy }) => (
            <Input
              id={id}
              data-autofocus
              aria-describedby={describedBy}
              autoComplete="off"
              maxLength={500}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          )}
        </Field>
        {steer.error === null ? null : <ProblemView error={steer.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{text.actions.cancel}</Button>
          <Button type="submit" look="primary" disabled={steer.isPending}>
            {text.tools.actions.pause}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
