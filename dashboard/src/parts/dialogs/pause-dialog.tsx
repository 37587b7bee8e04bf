import { text } from "../../text/text.ts";
import { Button } from "../button.tsx";
import { Dialog } from "./dialog.tsx";
import { Field, Input } from "../forms/field.tsx";
import { ProblemView } from "../problems/problem-view.tsx";

type Props = {
  readonly words: {
    readonly title: string;
    readonly note: string;
    readonly reason: string;
    readonly reasonNote: string;
    readonly action: string;
  };
  readonly reason: string;
  readonly onReason: (reason: string) => void;
  readonly pause: {
    readonly mutate: (variables: undefined, options: { readonly onSuccess: () => void }) => void;
    readonly error: Error | null;
    readonly isPending: boolean;
  };
  readonly onClose: () => void;
};

/** Asks for the reason of a pause, which whatever is refused shows. */
export function PauseDialog({ words, reason, onReason, pause, onClose }: Props) {
  return (
    <Dialog title={words.title} onClose={onClose}>
      <form
        className="space-y-4 p-5"
        onSubmit={(event) => {
          event.preventDefault();
          pause.mutate(undefined, { onSuccess: onClose });
        }}
      >
        <p className="text-muted">{words.note}</p>
        <Field label={words.reason} note={words.reasonNote}>
          {({ id, describedBy }) => (
            <Input
              id={id}
              data-autofocus
              aria-describedby={describedBy}
              autoComplete="off"
              maxLength={500}
              value={reason}
              onChange={(event) => onReason(event.target.value)}
            />
          )}
        </Field>
        {pause.error === null ? null : <ProblemView error={pause.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{text.actions.cancel}</Button>
          <Button type="submit" look="primary" disabled={pause.isPending}>
            {words.action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
