import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import type { Trigger } from "../../../../src/api/contract/index.ts";
import { agentsQuery } from "../../api/queries.ts";
import { createTrigger, type NewTrigger, previewQuery, updateTrigger } from "./queries.ts";
import { Button } from "../../parts/button.tsx";
import { DialogForm } from "../../parts/dialogs/dialog-form.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { Field, Input, Select, TextArea } from "../../parts/forms/field.tsx";
import { fullTime } from "../../parts/format/format.ts";
import { toProblem } from "../../api/client.ts";
import { text } from "../../text/text.ts";
import { useTriggerChange } from "./use-trigger-change.ts";

const words = text.triggers.form;
const KINDS = ["cron", "every", "at", "webhook"] as const;
const SCHEMES = ["standard", "github", "bearer"] as const;

type Kind = (typeof KINDS)[number];
/** What the fields have; those of other kinds are not sent. */
type Values = {
  readonly agent: string;
  readonly name: string;
  readonly kind: Kind;
  readonly cron: string;
  readonly zone: string;
  readonly every: string;
  readonly at: string;
  readonly verify: (typeof SCHEMES)[number];
  readonly input: string;
  readonly thread: string;
};

const EMPTY: Values = {
  agent: "",
  name: "",
  kind: "cron",
  cron: "0 7 * * 1-5",
  zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  every: "1h",
  at: "",
  verify: "standard",
  input: "",
  thread: "new",
};

/** The fields of the kind. */
function timesOf({ kind, cron, zone, every, at, verify }: Values) {
  switch (kind) {
    case "cron":
      return { kind, cron, zone };
    case "every":
      return { kind, every };
    case "at":
      return { kind, at };
    case "webhook":
      return { kind, verify };
  }
}

const specOf = (values: Values): NewTrigger => {
  const { agent, name, input, thread } = values;
  return { agent, name, input, thread, ...timesOf(values) };
};

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
            onChange={({ target }) => set({ kind: KINDS.find((kind) => kind === target.value) ?? "cron" })}
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

export function EditTrigger({ of: { id, agent, trigger }, onClose }: EditProps) {
  const [values, setValues] = useState<Values>({ ...EMPTY, ...trigger, agent });
  const update = useTriggerChange(async () => {
    const { kind: _kind, ...times } = timesOf(values);
    await updateTrigger({ id, input: values.input, thread: values.thread, ...times });
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

type FieldsProps = { readonly values: Values; readonly set: (change: Partial<Values>) => void };
type TextName = "name" | "cron" | "zone" | "every" | "at" | "thread";

const TextField = ({ name, note, values, set }: FieldsProps & { readonly name: TextName; readonly note?: string }) => (
  <Field label={words[name]} note={note} required>
    {({ id, describedBy }) => (
      <Input
        id={id}
        aria-describedby={describedBy}
        autoComplete="off"
        value={values[name]}
        onChange={({ target }) => set({ [name]: target.value })}
      />
    )}
  </Field>
);

function Fields({ values, set }: FieldsProps) {
  const { kind } = values;
  return (
    <>
      {kind === "cron" ? (
        <>
          <TextField name="cron" values={values} set={set} />
          <TextField name="zone" values={values} set={set} />
        </>
      ) : null}
      {kind === "every" ? <TextField name="every" note={words.everyNote} values={values} set={set} /> : null}
      {kind === "at" ? <TextField name="at" note={words.atNote} values={values} set={set} /> : null}
      {kind === "webhook" ? (
        <Field label={words.verify} required>
          {({ id }) => (
            <Select
              id={id}
              value={values.verify}
              onChange={({ target }) => set({ verify: SCHEMES.find((each) => each === target.value) ?? "standard" })}
            >
              {SCHEMES.map((scheme) => (
                <option key={scheme}>{scheme}</option>
              ))}
            </Select>
          )}
        </Field>
      ) : (
        <Preview values={values} />
      )}
      <Field label={words.input} note={words.inputNote} required>
        {({ id, describedBy }) => (
          <TextArea
            id={id}
            aria-describedby={describedBy}
            rows={3}
            value={values.input}
            onChange={({ target }) => set({ input: target.value })}
          />
        )}
      </Field>
      <TextField name="thread" note={words.threadNote} values={values} set={set} />
    </>
  );
}

/** The next times, or why there are none. */
function Preview({ values }: { readonly values: Values }) {
  const times = useDeferredValue(timesOf(values));
  const { data, error } = useQuery(previewQuery({ name: "preview", input: "x", ...times }));
  return (
    <div role="status" className="text-xs text-muted">
      <p className="font-medium text-ink">{words.next}</p>
      {error === null ? null : <p className="text-bad">{toProblem(error).detail}</p>}
      {error === null && data?.times.length === 0 ? <p>{words.noNext}</p> : null}
      <ul>{error === null ? data?.times.map((time) => <li key={time}>{fullTime(time)}</li>) : null}</ul>
    </div>
  );
}
