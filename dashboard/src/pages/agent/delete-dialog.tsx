import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { deleteAgent } from "../../api/actions.ts";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Field, Input } from "../../parts/field.tsx";
import { notify } from "../../parts/notice.tsx";
import { ProblemView } from "../../parts/problem-view.tsx";
import { text } from "../../text.ts";

type Props = { readonly name: string; readonly onClose: () => void };

/** Asks for the name to be typed: an agent that is gone answers nobody. */
export function DeleteDialog({ name, onClose }: Props) {
  const [typed, setTyped] = useState("");
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => deleteAgent(name),
    onSuccess: async () => {
      notify(text.agent.deleted(name));
      await navigate({ to: "/agents" });
      client.removeQueries({ queryKey: ["agent", name] });
      await client.invalidateQueries({ queryKey: ["agents"] });
    },
  });
  return (
    <Dialog title={text.agent.deleteTitle(name)} onClose={onClose}>
      <form
        className="space-y-4 p-5"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed === name) remove.mutate();
        }}
      >
        <p className="text-muted">{text.agent.deleteNote}</p>
        <Field label={text.agent.typeName(name)}>
          {({ id }) => (
            <Input
              id={id}
              data-autofocus
              autoComplete="off"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          )}
        </Field>
        {remove.error === null ? null : <ProblemView error={remove.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{text.actions.cancel}</Button>
          <Button type="submit" look="danger" disabled={typed !== name || remove.isPending}>
            {text.agent.delete}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
