import type { Json } from "../../../kernel/json.ts";

/** Where a template names a variable: `name` is the first part of `a.b`. */
export type Usage = { readonly name: string; readonly snippet: string; readonly offset: number };

/** Why text is not a template; `snippet` is the part that is wrong. */
export type Fault = {
  readonly message: string;
  readonly fix: string;
  readonly snippet: string;
  readonly offset: number;
};

export type Values = ReadonlyMap<string, Json>;

export type Template = {
  readonly usages: readonly Usage[];
  /** Fills in the values. A usage whose variable has no value is an error, as is a text over `PROMPT_CHARS_MAX`. Throws PromptRenderError. */
  readonly render: (values: Values) => string;
};

export type ParsedTemplate =
  | { readonly type: "template"; readonly template: Template }
  | {
      readonly type: "broken";
      /** At least one, in reading order. */
      readonly faults: readonly Fault[];
      /** Those of the parts that could be read. */
      readonly usages: readonly Usage[];
    };
