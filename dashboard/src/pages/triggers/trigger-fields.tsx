import { useQuery } from "@tanstack/react-query";
import { useDeferredValue } from "react";
import { type Trigger, triggers } from "../../../../src/api/contract/index.ts";
import { toProblem } from "../../api/client.ts";
import { Field, Input, Select, TextArea } from "../../parts/forms/field.tsx";
import { fullTime } from "../../parts/format/format.ts";
import { text } from "../../text/text.ts";
import { type NewTrigger, previewQuery, type TriggerChange } from "./queries.ts";

const words = text.triggers.form;
export const KINDS = ["cron", "every", "at", "webhook", "message", "file"] as const;
const SCHEMES = ["standard", "github", "bearer"] as const;
const CATCH_UPS = ["latest", "skip", "all"] as const;
const CONCURRENCIES = ["queue", "skip", "replace"] as const;
const EVENTS = { all: ["created", "changed"], created: ["created"], changed: ["changed"] } as const;
const EVENT_CHOICES = ["all", "created", "changed"] as const;
const ACTS = ["", ...triggers.PERFORMATIVES] as const;

/** What the fields have; those of other kinds are not sent. */
export type Values = {
  readonly agent: string;
  readonly name: string;
  readonly kind: (typeof KINDS)[number];
  readonly cron: string;
  readonly zone: string;
  readonly every: string;
  readonly at: string;
  readonly verify: (typeof SCHEMES)[number];
  readonly topic: string;
  readonly performative: (typeof ACTS)[number];
  readonly sender: string;
  readonly where: string;
  readonly path: string;
  readonly on: (typeof EVENT_CHOICES)[number];
  readonly input: string;
  readonly thread: string;
  readonly catch_up: (typeof CATCH_UPS)[number];
  readonly jitter: string;
  readonly concurrency: (typeof CONCURRENCIES)[number];
  readonly parallel: string;
};

export const EMPTY: Values = {
  agent: "",
  name: "",
  kind: "cron",
  cron: "0 7 * * 1-5",
  zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  every: "1h",
  at: "",
  verify: "standard",
  topic: "",
  performative: "",
  sender: "",
  where: "",
  path: "",
  on: "all",
  input: "",
  thread: "new",
  catch_up: "latest",
  jitter: "",
  concurrency: "queue",
  parallel: "1",
};

export function valuesOf({ agent, trigger }: Trigger): Values {
  const jitter = "jitter" in trigger ? trigger.jitter : undefined;
  const { performative, sender, where } = trigger.kind === "message" ? trigger : EMPTY;
  const texts = { jitter: jitter ?? "", performative: performative ?? "", sender: sender ?? "", where: where ?? "" };
  const events = trigger.kind === "file" ? trigger.events : [];
  const on = EVENT_CHOICES.find((choice) => events.length === 1 && choice === events[0]) ?? "all";
  return { ...EMPTY, ...trigger, ...texts, on, agent, parallel: String(trigger.parallel) };
}

const given = <Text extends string>(value: Text | ""): Text | undefined => (value === "" ? undefined : value);

/** The fields of the kind. */
function kindOf({ kind, cron, zone, every, at, verify, topic, performative, sender, where, ...values }: Values) {
  const { catch_up, path, on } = values;
  const timed = { catch_up, jitter: given(values.jitter) };
  switch (kind) {
    case "cron":
      return { kind, cron, zone, ...timed };
    case "every":
      return { kind, every, ...timed };
    case "at":
      return { kind, at, ...timed };
    case "webhook":
      return { kind, verify };
    case "message":
      return { kind, topic, performative: given(performative), sender: given(sender), where: given(where) };
    case "file":
      return { kind, path, events: [...EVENTS[on]], catch_up };
  }
}

const common = ({ input, thread, concurrency, parallel }: Values) => ({
  input,
  thread,
  concurrency,
  parallel: Number(parallel),
});

export const specOf = (values: Values): NewTrigger => ({
  agent: values.agent,
  name: values.name,
  ...common(values),
  ...kindOf(values),
});

/** A field that was emptied is removed. */
export function changeOf(values: Values): Omit<TriggerChange, "id"> {
  const { kind: _kind, ...fields } = kindOf(values);
  const emptied = Object.entries(fields).map(([name, value]) => [name, value ?? null]);
  return { ...common(values), ...Object.fromEntries(emptied) };
}

type FieldsProps = { readonly values: Values; readonly set: (change: Partial<Values>) => void };
type ChoiceName = "verify" | "on" | "performative" | "catch_up" | "concurrency";
type TextName = Exclude<keyof Values, ChoiceName | "agent" | "kind" | "input">;
type TextProps = FieldsProps & { readonly name: TextName; readonly note?: string; readonly isOptional?: boolean };

export const TextField = ({ name, note, values, set, isOptional = false }: TextProps) => (
  <Field label={words[name]} note={note} required={!isOptional}>
    {({ id, describedBy }) => (
      <Input
        id={id}
        aria-describedby={describedBy}
        autoComplete="off"
        inputMode={name === "parallel" ? "numeric" : undefined}
        value={values[name]}
        onChange={({ target }) => set({ [name]: target.value })}
      />
    )}
  </Field>
);

type ChoiceProps<Choice extends string> = {
  readonly label: string;
  readonly value: Choice;
  readonly choices: readonly Choice[];
  readonly set: (choice: Choice) => void;
  readonly labels?: Readonly<Record<Choice, string>>;
};

function ChoiceField<Choice extends string>({ label, value, choices, set, labels }: ChoiceProps<Choice>) {
  const choose = (name: string) => {
    const found = choices.find((choice) => choice === name);
    if (found !== undefined) set(found);
  };
  return (
    <Field label={label} required>
      {({ id }) => (
        <Select id={id} value={value} onChange={({ target }) => choose(target.value)}>
          {choices.map((choice) => (
            <option key={choice} value={choice}>
              {labels?.[choice] ?? (choice === "" ? words.any : choice)}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

export function Fields({ values, set }: FieldsProps) {
  return (
    <>
      <KindFields values={values} set={set} />
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
      <Policies values={values} set={set} />
    </>
  );
}

function KindFields({ values, set }: FieldsProps) {
  const { kind, verify, performative } = values;
  const fields = { values, set };
  switch (kind) {
    case "cron":
      return (
        <>
          <TextField name="cron" {...fields} />
          <TextField name="zone" {...fields} />
          <Preview values={values} />
        </>
      );
    case "every":
    case "at":
      return (
        <>
          <TextField name={kind} note={kind === "at" ? words.atNote : words.everyNote} {...fields} />
          <Preview values={values} />
        </>
      );
    case "webhook":
      return (
        <ChoiceField label={words.verify} value={verify} choices={SCHEMES} set={(choice) => set({ verify: choice })} />
      );
    case "message":
      return (
        <>
          <TextField name="topic" note={words.topicNote} {...fields} />
          <ChoiceField
            label={words.performative}
            value={performative}
            choices={ACTS}
            set={(choice) => set({ performative: choice })}
          />
          <TextField name="sender" isOptional {...fields} />
          <TextField name="where" note={words.whereNote} isOptional {...fields} />
        </>
      );
    case "file":
      return (
        <>
          <TextField name="path" note={words.pathNote} {...fields} />
          <ChoiceField
            label={words.events}
            value={values.on}
            choices={EVENT_CHOICES}
            labels={words.eventChoices}
            set={(on) => set({ on })}
          />
        </>
      );
  }
}

function Policies({ values, set }: FieldsProps) {
  const { kind, catch_up: catchUp, concurrency } = values;
  const isTimed = kind === "cron" || kind === "every" || kind === "at";
  return (
    <details>
      <summary className="cursor-pointer text-sm font-medium">{words.policies}</summary>
      <div className="mt-3 space-y-3">
        {isTimed || kind === "file" ? (
          <ChoiceField
            label={words.catchUp}
            value={catchUp}
            choices={CATCH_UPS}
            labels={words.catchUps}
            set={(choice) => set({ catch_up: choice })}
          />
        ) : null}
        {isTimed ? <TextField name="jitter" note={words.jitterNote} isOptional values={values} set={set} /> : null}
        <TextField name="parallel" note={words.parallelNote} values={values} set={set} />
        <ChoiceField
          label={words.concurrency}
          value={concurrency}
          choices={CONCURRENCIES}
          labels={words.concurrencies}
          set={(choice) => set({ concurrency: choice })}
        />
      </div>
    </details>
  );
}

/** The next times, or why there are none. */
function Preview({ values }: { readonly values: Values }) {
  const times = useDeferredValue(kindOf(values));
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
