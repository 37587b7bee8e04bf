import { useMutation, useQueryClient, type QueryKey } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { text } from "../../text/text.ts";
import { Button } from "../button.tsx";
import { DialogForm } from "./dialog-form.tsx";
import { Dialog } from "./dialog.tsx";
import { Field, Input } from "../forms/field.tsx";
import { notify } from "../problems/notice.tsx";

type Props = {
  /** What has to be typed. */
  readonly name: string;
  readonly title: string;
  /** What the button says. */
  readonly action: string;
  /** What is said once it is gone. */
  readonly done: string;
  readonly onClose: () => void;
  readonly remove: () => Promise<unknown>;
  /** Where there is something to see afterwards. */
  readonly backTo: "/agents" | "/tools" | "/memory" | "/access";
  /** Cached data of the deleted item, and queries to refetch. */
  readonly gone: QueryKey;
  readonly stale: readonly QueryKey[];
  readonly children: ReactNode;
};

/** Asks for the name of what is to be deleted to be typed; the children say what goes with it. */
export function DeleteDialog({ name, title, action, onClose, children, ...deletion }: Props) {
  const [typed, setTyped] = useState("");
  const remove = useDeletion(deletion);
  return (
    <Dialog title={title} onClose={onClose}>
      <DialogForm
        onSubmit={() => {
          if (typed === name && !remove.isPending) remove.mutate();
        }}
        error={remove.error}
        buttons={
          <>
            <Button onClick={onClose}>{text.actions.cancel}</Button>
            <Button type="submit" look="danger" disabled={typed !== name || remove.isPending}>
              {action}
            </Button>
          </>
        }
      >
        {children}
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
      </DialogForm>
    </Dialog>
  );
}

function useDeletion({
  remove,
  done,
  backTo,
  gone,
  stale,
}: Pick<Props, "remove" | "done" | "backTo" | "gone" | "stale">) {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: remove,
    onSuccess: async () => {
      notify(done);
      // Removes cached lists that are not visible, so that the deleted item does not flash up in them.
      for (const queryKey of stale) client.removeQueries({ queryKey, type: "inactive" });
      await navigate({ to: backTo });
      client.removeQueries({ queryKey: gone });
      await Promise.all(stale.map((queryKey) => client.invalidateQueries({ queryKey })));
    },
  });
}
