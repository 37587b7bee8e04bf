/** What stands in an input: its text, a list's inputs one after another, an object's by name. */
export type Draft = string | readonly Draft[] | { readonly [name: string]: Draft };
export type FormValues = { readonly [name: string]: Draft };

/** What every input has. */
export type FieldWords = {
  readonly name: string;
  readonly label: string;
  readonly note: string;
  readonly required: boolean;
  /** A value its schema gives as an example; empty when it gives none. */
  readonly example: string;
};

/** One input, or several that belong together, made of a property of a JSON schema. */
export type FormField = FieldWords & { readonly initial: Draft } & (
    | { readonly kind: "number" | "integer" | "boolean" | "json" }
    /** A value of one of several kinds: what reads as a number or a truth value is one, the rest is text. */
    | { readonly kind: "mixed"; readonly types: readonly unknown[] }
    /** `role` is what the argument is for, such as "file-path". */
    | { readonly kind: "text"; readonly role: string }
    /** The values to choose from, by the text shown for each. */
    | { readonly kind: "choice"; readonly choices: ReadonlyMap<string, unknown> }
    | { readonly kind: "list"; readonly item: FormField }
    | { readonly kind: "group"; readonly fields: readonly FormField[] }
  );

export type FormReading =
  | { readonly type: "read"; readonly arguments: { readonly [name: string]: unknown } }
  /** `field` leads to the input: "limit", "conditions.0.value". */
  | { readonly type: "wrong"; readonly field: string; readonly expected: FormField["kind"] };

export const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const wordsOf = (value: unknown): string => (typeof value === "string" ? value : "");

export const encode = (value: unknown, kind: "text" | "json" | "choice"): string =>
  typeof value === "string" && kind !== "json" ? value : JSON.stringify(value, null, kind === "json" ? 2 : undefined);

const isList = (draft: Draft): draft is readonly Draft[] => Array.isArray(draft);

/** The inputs of a list; none where the draft is something else. */
export const itemsOf = (draft: Draft | undefined): readonly Draft[] =>
  draft !== undefined && isList(draft) ? draft : [];

/** The inputs of an object by name; none where the draft is something else. */
export const partsOf = (draft: Draft | undefined): FormValues =>
  draft === undefined || typeof draft === "string" || isList(draft) ? {} : draft;

export const isBlank = (draft: Draft): boolean =>
  typeof draft === "string" ? draft === "" : (isList(draft) ? draft : Object.values(draft)).every(isBlank);
