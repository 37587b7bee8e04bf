import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Trigger } from "../../../../src/api/contract/index.ts";
import { agentsQuery } from "../../api/queries.ts";
import { createTrigger, updateTrigger } from "./queries.ts";
import { changeOf, EMPTY, Fields, KINDS, specOf, TextField, type Values, valuesOf } from "./trigger-fields.tsx";
import { Button } from "../../parts/button.tsx";
import { DialogForm } from "../../parts/dialogs/dialog-form.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { Field, Select } from "../../parts/forms/field.tsx";
import { text } from "../../text/text.ts";
import { useTriggerChange } from "./use-trigger-change.ts";

const words = text.triggers.form;

type CloseProps = { readonly onClose: () => void };

export function CreateTrigger({ onClose }: CloseProps) {
  const [values, setValues] = useState(EMPTY);
  const { data } = useInfiniteQuery(agentsQuery);
  const agents = data?.pages.flatMap(({ items }) => items.map(({ name }) => name)) ?? [];
  const agent = values.agent === "" ? (agents[0] ?? "") : values.agent;
  const create = useTriggerChange(async () => {
    await createTrigger(specOf({ ...values, agent }));
    onClose();
  }, "");
  const set = (change: Partial<Values>) => setValues((before) => ({ ...before, ...change }));
  return (
    <FormDialog title={text.triggers.createTitle} action={text.triggers.create} change={create} onClose={onClose}>
      <Field label={words.agent} required>
        {({ id }) => (
          <Select id={id} value={agent} onChange={({ target }) => set({ agent: target.value })}>
            {agents.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        )}
      </Field>
      <TextField name="name" note={words.nameNote} values={values} set={set} />
      <Field label={words.kind} required>
        {({ id }) => (
          <Select
            id={id}
            value={values.kind}
            onChange={({ target }) => {
              const kind = KINDS.find((each) => each === target.value) ?? "cron";
              set({ kind, catch_up: kind === "file" ? "all" : "latest" });
            }}
          >
            {KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {words.kinds[kind]}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Fields values={values} set={set} />
    </FormDialog>
  );
}

type EditProps = CloseProps & { readonly of: Trigger };

export function EditTrigger({ of, onClose }: EditProps) {
  const { id, agent, trigger } = of;
  const [values, setValues] = useState<Values>(valuesOf(of));
  const update = useTriggerChange(async () => {
    await updateTrigger({ id, ...changeOf(values) });
    onClose();
  }, id);
  const set = (change: Partial<Values>) => setValues((before) => ({ ...before, ...change }));
  const title = text.triggers.editTitle(`${agent}/${trigger.name}`);
  return (
    <FormDialog title={title} action={text.triggers.save} change={update} onClose={onClose}>
      <Fields values={values} set={set} />
    </FormDialog>
  );
}

type DialogProps = CloseProps & {
  readonly title: string;
  readonly action: string;
  readonly change: ReturnType<typeof useTriggerChange<unknown, void>>;
  readonly children: React.ReactNode;
};

const FormDialog = ({ title, action, change, onClose, children }: DialogProps) => (
  <Dialog title={title} onClose={onClose}>
    <DialogForm
      onSubmit={() => {
        if (!change.isPending) change.mutate(undefined);
      }}
      error={change.error}
      buttons={
        <>
          <Button onClick={onClose}>{text.actions.cancel}</Button>
          <Button type="submit" look="primary" disabled={change.isPending}>
            {action}
          </Button>
        </>
      }
    >
      {children}
    </DialogForm>
  </Dialog>
);
