import { toProblem } from "../../../api/client.ts";

/** The field that the server rejected, with its message; undefined if the form does not show it. */
export function refusedField<Name extends string>(
  error: Error | null,
  shown: readonly Name[],
): { readonly field: Name; readonly words: string } | undefined {
  if (error === null) return undefined;
  const { code, detail, hint, details } = toProblem(error);
  // A name that is another's is a conflict of its own kind.
  const named = code === "ENTITY_TYPE_CONFLICT" ? "name" : details["field"];
  const field = shown.find((one) => one === named);
  return field === undefined ? undefined : { field, words: `${detail}. ${hint}` };
}
