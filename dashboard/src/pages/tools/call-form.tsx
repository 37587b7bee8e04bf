import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { useState } from "react";
import type { ToolDetail } from "../../../../src/api/contract/index.ts";
import { callTool, upload } from "../../api/actions.ts";
import { Button } from "../../parts/button.tsx";
import { CopyButton } from "../../parts/copy.tsx";
import { Field, Input, Select, TextArea } from "../../parts/field.tsx";
import { ProblemView } from "../../parts/problem-view.tsx";
import { callCommand } from "../../parts/shell-command.ts";
import { text } from "../../text.ts";
import { AttachButton, Files } from "../agent/attachments.tsx";
import { CallResult } from "./call-result.tsx";
import { formFields, initialValues, readForm, readObject, type FormField, type FormValues } from "./schema-form.ts";

type Props = { readonly server: string; readonly tool: ToolDetail };
type Given = { readonly arguments: object; readonly files: readonly File[] };

/** Calls a tool by hand, with inputs made of its schema or with JSON. */
export function CallForm({ server, tool }: Props) {
  const client = useQueryClient();
  const form = useArguments(tool);
  const [files, setFiles] = useState<readonly File[]>([]);
  const call = useMutation({
    mutationFn: async (given: Given) => {
      const sent = await Promise.all(given.files.map((file) => upload(file)));
      return callTool({ server, tool: tool.name, arguments: given.arguments, uploads: sent.map(({ id }) => id) });
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["tool-server", server] }),
  });
  return (
    <>
      <form
        aria-label={text.call.title}
        className="space-y-3"
        onSubmit={(event) => {
          event.preventDefault();
          const values = form.read();
          if (values !== undefined) call.mutate({ arguments: values, files });
        }}
      >
        <Inputs form={form} />
        <Files files={files} onRemove={(file) => setFiles(files.filter((other) => other !== file))} />
        <div className="flex flex-wrap items-center gap-1.5">
          <Button type="submit" look="primary" disabled={call.isPending}>
            <Play aria-hidden />
            {call.isPending ? text.call.calling : text.call.call}
          </Button>
          <AttachButton onFiles={(added) => setFiles([...files, ...added])} />
          {form.fields === undefined ? null : (
            <Button look="quiet" onClick={form.toggle}>
              {form.asJson ? text.call.asForm : text.call.asJson}
            </Button>
          )}
          <CopyButton value={callCommand(server, tool.name, form.peek())} label={text.call.copy} />
        </div>
      </form>
      {call.error === null ? null : <ProblemView error={call.error} className="mt-4" />}
      {call.data === undefined ? null : <CallResult outcome={call.data} />}
    </>
  );
}

/** The values of inputs made of a schema, as they are typed. */
export function useArguments(tool: Pick<ToolDetail, "input_schema">) {
  const fields = formFields(tool.input_schema);
  const [values, setValues] = useState<FormValues>(() => initialValues(fields ?? []));
  const [json, setJson] = useState("{}");
  const [asJson, setAsJson] = useState(fields === undefined);
  const [problem, setProblem] = useState<{ readonly field: string; readonly words: string } | undefined>();
  const peek = (): object => {
    if (asJson) return readObject(json) ?? {};
    const reading = readForm(fields ?? [], values);
    return reading.type === "read" ? reading.arguments : {};
  };
  const read = (): object | undefined => {
    const reading = asJson ? undefined : readForm(fields ?? [], values);
    const typed = asJson ? readObject(json) : undefined;
    const wrong =
      reading?.type === "wrong" ? { field: reading.field, words: text.call.expected[reading.expected] } : undefined;
    setProblem(asJson && typed === undefined ? { field: "", words: text.call.expected.json } : wrong);
    return reading?.type === "read" ? reading.arguments : typed;
  };
  const toggle = () => {
    if (!asJson) setJson(JSON.stringify(peek(), null, 2));
    setProblem(undefined);
    setAsJson(!asJson);
  };
  const set = (name: string, value: string) => setValues((before) => ({ ...before, [name]: value }));
  return { fields, values, set, json, setJson, asJson, toggle, peek, read, problem };
}

type Arguments = ReturnType<typeof useArguments>;

export function Inputs({ form }: { readonly form: Arguments }) {
  if (form.asJson || form.fields === undefined) {
    return (
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
            className="font-mono text-xs!"
          />
        )}
      </Field>
    );
  }
  if (form.fields.length === 0) return <p className="text-sm text-muted">{text.call.noArguments}</p>;
  return form.fields.map((field) => (
    <OneInput
      key={field.name}
      field={field}
      value={form.values[field.name] ?? ""}
      problem={form.problem?.field === field.name ? form.problem.words : undefined}
      onChange={(value) => form.set(field.name, value)}
    />
  ));
}

type InputProps = {
  readonly field: FormField;
  readonly value: string;
  readonly problem: string | undefined;
  readonly onChange: (value: string) => void;
};

function OneInput({ field, value, problem, onChange }: InputProps) {
  return (
    <Field label={field.label} note={problem ?? field.note} required={field.required}>
      {({ id, describedBy }) => {
        const common = {
          id,
          "aria-describedby": describedBy,
          "aria-invalid": problem !== undefined,
          required: field.required,
          value,
          onChange: (event: { readonly target: { readonly value: string } }) => onChange(event.target.value),
        };
        const choices = field.kind === "boolean" ? ["true", "false"] : [...field.choices.keys()];
        if (choices.length > 0) {
          return (
            <Select {...common} className="max-w-72">
              <option value="">{text.call.unset}</option>
              {choices.map((choice) => (
                <option key={choice}>{choice}</option>
              ))}
            </Select>
          );
        }
        if (field.kind === "number" || field.kind === "integer") {
          return <Input {...common} inputMode="decimal" className="max-w-72" />;
        }
        return (
          <TextArea
            {...common}
            rows={1}
            spellCheck={false}
            placeholder={field.kind === "json" ? text.call.jsonPlaceholder : undefined}
            className="field-sizing-content max-h-72 resize-none min-h-8 font-mono text-xs!"
          />
        );
      }}
    </Field>
  );
}
