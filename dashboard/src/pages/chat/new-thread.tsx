import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { agentsQuery } from "../../api/queries.ts";
import { createThread } from "../../api/threads/threads.ts";
import { Button } from "../../parts/button.tsx";
import { DialogForm } from "../../parts/dialogs/dialog-form.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { Field, Select } from "../../parts/forms/field.tsx";
import { text } from "../../text/text.ts";

const words = text.chat;

type Props = { readonly agent: string | undefined; readonly onClose: () => void };

/** Asks for the agent of a new thread. */
export function NewThread({ agent, onClose }: Props) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const agents = useInfiniteQuery(agentsQuery).data?.pages.flatMap(({ items }) => items) ?? [];
  const [chosen, setChosen] = useState(agent);
  const name = chosen ?? agents[0]?.name;
  const create = useMutation({
    mutationFn: createThread,
    onSuccess: async (thread) => {
      client.setQueryData(["thread", thread.id], thread);
      void client.invalidateQueries({ queryKey: ["threads"] });
      onClose();
      await navigate({ to: "/chat/$id", params: { id: thread.id } });
    },
  });
  return (
    <Dialog title={words.create} onClose={onClose}>
      <DialogForm
        onSubmit={() => {
          if (name !== undefined && !create.isPending) create.mutate(name);
        }}
        error={create.error}
        buttons={
          <>
            <Button onClick={onClose}>{text.actions.cancel}</Button>
            <Button type="submit" look="primary" disabled={name === undefined || create.isPending}>
              {words.start}
            </Button>
          </>
        }
      >
        <Field label={words.agent} note={agents.length === 0 ? words.noAgentsNote : words.createNote}>
          {({ id, describedBy }) => (
            <Select
              id={id}
              data-autofocus
              aria-describedby={describedBy}
              value={name ?? ""}
              onChange={({ target }) => setChosen(target.value)}
            >
              {agents.map((each) => (
                <option key={each.name}>{each.name}</option>
              ))}
            </Select>
          )}
        </Field>
      </DialogForm>
    </Dialog>
  );
}
