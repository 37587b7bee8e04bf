import { Plus, X } from "lucide-react";
import type { ComponentProps } from "react";
import { Button, IconButton } from "../../../parts/button.tsx";
import { Field, Input, Select, TextArea } from "../../../parts/forms/field.tsx";
import { text } from "../../../text/text.ts";
import type { Arguments, FormProblem } from "./arguments.ts";
import { FileInput } from "./file-input.tsx";
import { itemsOf, partsOf, type Draft, type FormField } from "./form-field.ts";
import { blank, initialValues } from "./schema-form.ts";

/** Takes a file that is to be sent with the call, and gives the path its tool will find it at. */
export type TakeFile = (file: File) => string;

type Props = { readonly form: Arguments; readonly onFile?: TakeFile | undefined };

/** The inputs of a form made of a schema, or the one for JSON. */
export function Inputs({ form, onFile }: Props) {
  if (form.asJson || form.fields === undefined) return <JsonInput form={form} />;
  if (form.fields.length === 0) return <p className="text-sm text-muted">{text.call.noArguments}</p>;
  return (
    <div className={grid}>
      {form.fields.map((field) => (
        <div key={field.name} className={widthOf(field)}>
          <OneInput
            field={field}
            draft={form.values[field.name] ?? ""}
            path={field.name}
            problem={form.problem}
            onChange={(draft) => form.set(field.name, draft)}
            onFile={onFile}
          />
        </div>
      ))}
    </div>
  );
}

/** Short inputs stand beside each other. */
const grid = "grid gap-x-4 gap-y-3 sm:grid-cols-2 2xl:grid-cols-3";
const SHORT: readonly FormField["kind"][] = ["number", "integer", "boolean", "choice", "mixed"];
const widthOf = ({ kind }: FormField, inside = false): string =>
  SHORT.includes(kind) || (inside && kind === "text") ? "min-w-0" : "col-span-full min-w-0";

const JsonInput = ({ form }: Pick<Props, "form">) => (
  <Field label={text.call.arguments} note={form.problem?.words ?? text.call.jsonNote}>
    {({ id, describedBy }) => (
      <TextArea
        id={id}
        aria-describedby={describedBy}
        aria-invalid={form.problem !== undefined}
        rows={6}
        spellCheck={false}
        value={form.json}
        onChange={(event) => form.setJson(event.target.value)}
        className="field-sizing-content max-h-96 min-h-32 font-mono text-xs!"
      />
    )}
  </Field>
);

type InputProps<Kind extends FormField["kind"] = FormField["kind"]> = {
  readonly field: Extract<FormField, { kind: Kind }>;
  readonly draft: Draft;
  /** The way to the input from the top: "limit", "conditions.0.value". */
  readonly path: string;
  readonly problem: FormProblem | undefined;
  readonly onChange: (draft: Draft) => void;
  readonly onFile: TakeFile | undefined;
};

function OneInput({ field, ...rest }: InputProps) {
  if (field.kind === "group") return <GroupInput field={field} {...rest} />;
  if (field.kind === "list") return <ListInput field={field} {...rest} />;
  return <ScalarInput field={field} {...rest} />;
}

const frame = "min-w-0 rounded-lg border border-line px-3 pt-1 pb-3";

function Legend({ field }: { readonly field: FormField }) {
  return (
    <>
      <legend className="px-1 text-xs font-medium">
        {field.label}
        {field.required ? <span className="text-bad"> *</span> : null}
      </legend>
      {field.note === "" ? null : <p className="mb-2 text-xs text-muted">{field.note}</p>}
    </>
  );
}

function GroupInput({ field, draft, path, onChange, ...rest }: InputProps<"group">) {
  const parts = partsOf(draft);
  return (
    <fieldset className={frame}>
      <Legend field={field} />
      <div className={grid}>
        {field.fields.map((member) => (
          <div key={member.name} className={widthOf(member, true)}>
            <OneInput
              {...rest}
              // What is required within an object that may be left out is required only once the object is given.
              field={field.required ? member : { ...member, required: false }}
              draft={parts[member.name] ?? ""}
              path={`${path}.${member.name}`}
              onChange={(part) => onChange({ ...parts, [member.name]: part })}
            />
          </div>
        ))}
      </div>
    </fieldset>
  );
}

function ListInput({ field, draft, path, onChange, ...rest }: InputProps<"list">) {
  const items = itemsOf(draft);
  const { item } = field;
  const fresh = item.kind === "group" ? initialValues(item.fields) : blank(item);
  const problem = rest.problem?.field === path ? rest.problem.words : undefined;
  return (
    <fieldset className={`${frame} space-y-2`}>
      <Legend field={field} />
      {problem === undefined ? null : <p className="text-xs text-bad">{problem}</p>}
      {items.map((part, index) => (
        <div key={index} className="flex items-start gap-1">
          <div className="min-w-0 flex-1">
            <OneInput
              {...rest}
              field={{ ...item, label: text.call.item(field.label, index + 1), note: "" }}
              draft={part}
              path={`${path}.${index}`}
              onChange={(changed) => onChange(items.with(index, changed))}
            />
          </div>
          <IconButton
            label={text.call.removeFrom(field.label, index + 1)}
            onClick={() => onChange(items.toSpliced(index, 1))}
            className="mt-5"
          >
            <X aria-hidden />
          </IconButton>
        </div>
      ))}
      <Button size="small" aria-label={text.call.addTo(field.label)} onClick={() => onChange([...items, fresh])}>
        <Plus aria-hidden />
        {text.call.add}
      </Button>
    </fieldset>
  );
}

type ScalarKind = Exclude<FormField["kind"], "group" | "list">;

function ScalarInput({ field, draft, path, problem, onChange, onFile }: InputProps<ScalarKind>) {
  const words = problem?.field === path ? problem.words : undefined;
  const value = typeof draft === "string" ? draft : "";
  return (
    <Field label={field.label} note={words ?? field.note} required={field.required}>
      {({ id, describedBy }) => {
        const common = {
          id,
          "aria-describedby": describedBy,
          "aria-invalid": words !== undefined,
          required: field.required,
          value,
          onChange: (event: { readonly target: { readonly value: string } }) => onChange(event.target.value),
        };
        const example = field.example === "" ? undefined : text.call.example(field.example);
        switch (field.kind) {
          case "boolean":
            return <Choice {...common} choices={["true", "false"]} />;
          case "choice":
            return <Choice {...common} choices={[...field.choices.keys()]} />;
          case "number":
          case "integer":
            return <Input {...common} inputMode="decimal" placeholder={example} />;
          case "mixed":
            return <Input {...common} spellCheck={false} placeholder={example} className="font-mono text-xs!" />;
          case "json":
            return <Lines {...common} placeholder={example ?? text.call.jsonPlaceholder} />;
          case "text":
            return field.role === "file-path" && onFile !== undefined ? (
              <FileInput
                label={field.label}
                onFile={(file) => onChange(onFile(file))}
                input={<Input {...common} spellCheck={false} placeholder={example} className="font-mono text-xs!" />}
              />
            ) : (
              <Lines {...common} placeholder={example} />
            );
        }
      }}
    </Field>
  );
}

const Choice = ({ choices, ...rest }: ComponentProps<"select"> & { readonly choices: readonly string[] }) => (
  <Select {...rest}>
    <option value="">{text.call.unset}</option>
    {choices.map((choice) => (
      <option key={choice}>{choice}</option>
    ))}
  </Select>
);

const Lines = (props: ComponentProps<"textarea">) => (
  <TextArea
    {...props}
    rows={1}
    spellCheck={false}
    className="field-sizing-content max-h-72 min-h-8 resize-none font-mono text-xs!"
  />
);
