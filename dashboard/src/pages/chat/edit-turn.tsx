import { useMutation, useQueryClient } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { useEffect, useState } from "react";
import { effectsOf, type Turn } from "../../../../src/api/contract/index.ts";
import { sendMessage } from "../../api/threads/threads.ts";
import { Button } from "../../parts/button.tsx";
import { DialogForm } from "../../parts/dialogs/dialog-form.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { TextArea } from "../../parts/forms/field.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { text } from "../../text/text.ts";
import { newKey } from "./draft.ts";

const words = text.chat;

type Props = {
  readonly thread: string;
  readonly turn: Turn;
  /** The turn and those after it, which the new branch does not continue. */
  readonly replaced: readonly Turn[];
  readonly onClose: () => void;
};

/** The message of a turn, to be sent changed: a further branch begins before it. */
export function EditTurn({ thread, turn, replaced, onClose }: Props) {
  const [first] = turn.messages;
  const message = first?.role === "user" ? first : undefined;
  const [input, setInput] = useState(message?.text ?? "");
  const send = useReplace(thread, turn.run, onClose);
  const ready = input.trim() !== "" && !send.isPending;
  return (
    <form
      aria-label={words.edit}
      className="space-y-3 rounded-xl border border-accent bg-surface p-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) send.mutate(input);
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") onClose();
      }}
    >
      <Effects replaced={replaced} />
      <TextArea
        ref={focusEnd}
        dir="auto"
        aria-label={words.message}
        rows={3}
        value={input}
        onChange={({ target }) => setInput(target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          if (ready) send.mutate(input);
        }}
      />
      {message === undefined || message.files.length === 0 ? null : (
        <p className="text-xs text-muted">{words.keptFiles(message.files.map(({ name }) => name).join(", "))}</p>
      )}
      {send.error === null ? null : <ProblemView error={send.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>{text.actions.cancel}</Button>
        <Button type="submit" look="primary" disabled={!ready}>
          {send.isPending ? words.sending : words.send}
        </Button>
      </div>
    </form>
  );
}

/** Answers the message of a turn again; at once if no effects stay. */
export function Regenerate({ thread, turn, replaced, onClose }: Props) {
  const send = useReplace(thread, turn.run, onClose);
  const { mutate } = send;
  const hasEffects = replaced.flatMap(effectsOf).length > 0;
  useEffect(() => {
    if (!hasEffects) mutate(undefined);
  }, [hasEffects, mutate]);
  if (!hasEffects && send.error === null) return null;
  return (
    <Dialog title={words.regenerate} onClose={onClose}>
      <DialogForm
        onSubmit={() => {
          if (!send.isPending) mutate(undefined);
        }}
        error={send.error}
        buttons={
          <>
            <Button onClick={onClose}>{text.actions.cancel}</Button>
            <Button type="submit" look="primary" disabled={send.isPending}>
              {words.regenerate}
            </Button>
          </>
        }
      >
        <Effects replaced={replaced} />
      </DialogForm>
    </Dialog>
  );
}

/** Sends another message, or the same one again, instead of that of a turn. */
function useReplace(thread: string, insteadOf: string, onSent: () => void) {
  const client = useQueryClient();
  const [key] = useState(newKey);
  return useMutation({
    mutationFn: (input: string | undefined) =>
      // Another text is another request.
      sendMessage(thread, { input, insteadOf, key: input === undefined ? key : newKey() }),
    onSuccess: async ({ run }) => {
      client.setQueryData(["run", run.id], run);
      await client.invalidateQueries({ queryKey: ["thread", thread] });
      onSent();
    },
  });
}

/** Calls of the replaced turns that may have changed something: that stays. */
function Effects({ replaced }: Pick<Props, "replaced">) {
  const effects = replaced.flatMap(effectsOf);
  if (effects.length === 0) return null;
  const counts = Map.groupBy(effects, (each) => `${each.tool} ${each.arguments}`.trimEnd());
  return (
    <div role="note" className="flex gap-2.5 rounded-lg border border-warn/50 bg-warn-soft px-3 py-2 text-sm">
      <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
      <div className="min-w-0">
        <p className="font-medium">{words.effects.title}</p>
        <p className="text-muted">{words.effects.note}</p>
        <ul className="mt-1 list-disc pl-5">
          {[...counts].map(([call, calls]) => (
            <li key={call} className="line-clamp-2 font-mono text-xs [overflow-wrap:anywhere]" title={call}>
              {call}
              {calls.length > 1 ? ` ×${calls.length}` : ""}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function focusEnd(box: HTMLTextAreaElement | null): void {
  if (box === null || document.activeElement === box) return;
  box.focus();
  box.setSelectionRange(box.value.length, box.value.length);
}
