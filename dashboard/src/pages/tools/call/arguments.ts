import { useState } from "react";
import type { ToolDetail } from "../../../../../src/api/contract/index.ts";
import type { Values } from "../../../api/actions.ts";
import { notify } from "../../../parts/problems/notice.tsx";
import { text } from "../../../text/text.ts";
import type { Draft, FormValues } from "./form-field.ts";
import { readForm, readObject } from "./form-reading.ts";
import { formFields, initialValues, valuesOf } from "./schema-form.ts";

/** An input that is not of its kind, by the way to it, and what is wrong. */
export type FormProblem = { readonly field: string; readonly words: string };

/** The values of inputs made of a schema, as they are typed. */
export function useArguments(tool: Pick<ToolDetail, "input_schema">) {
  const fields = formFields(tool.input_schema);
  const [values, setValues] = useState<FormValues>(() => initialValues(fields ?? []));
  const [json, setJson] = useState("{}");
  const [asJson, setAsJson] = useState(fields === undefined);
  const [problem, setProblem] = useState<FormProblem | undefined>();
  const peek = (): Values => {
    if (asJson) return readObject(json) ?? {};
    const reading = readForm(fields ?? [], values);
    return reading.type === "read" ? reading.arguments : {};
  };
  const read = (): Values | undefined => {
    const reading = asJson ? undefined : readForm(fields ?? [], values);
    const typed = asJson ? readObject(json) : undefined;
    const wrong =
      reading?.type === "wrong" ? { field: reading.field, words: text.call.expected[reading.expected] } : undefined;
    setProblem(asJson && typed === undefined ? { field: "", words: text.call.expected.json } : wrong);
    return reading?.type === "read" ? reading.arguments : typed;
  };
  /** Puts whole arguments into the inputs, or into the JSON where they have none. */
  const fill = (given: { readonly [name: string]: unknown }) => {
    setJson(JSON.stringify(given, null, 2));
    const shown = valuesOf(fields ?? [], given);
    if (shown === undefined) setAsJson(true);
    else setValues(shown);
    setProblem(undefined);
  };
  const toggle = () => {
    setProblem(undefined);
    if (!asJson) {
      setJson(JSON.stringify(peek(), null, 2));
      return setAsJson(true);
    }
    const typed = readObject(json);
    const shown = typed === undefined ? undefined : valuesOf(fields ?? [], typed);
    if (shown === undefined) return notify(text.call.noForm);
    setValues(shown);
    setAsJson(false);
  };
  const set = (name: string, value: Draft) => setValues((before) => ({ ...before, [name]: value }));
  return { fields, values, set, fill, json, setJson, asJson, toggle, peek, read, problem };
}

export type Arguments = ReturnType<typeof useArguments>;
