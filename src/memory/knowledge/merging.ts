import type { Entity, Observation } from "./entity.ts";
import { type At, type CheckedInput, type Draft, draftOf } from "./remembering.ts";

/** `unchanged`: the input contained nothing new. */
export type Remembered = {
  readonly outcome: "created" | "changed" | "unchanged";
  readonly entity: Entity;
  readonly added: readonly Observation[];
};

/** `skipped`: an existing entity was not changed. `refused`: an existing entity would have changed, or has another type. */
export type ImportResult = Remembered | { readonly outcome: "skipped" | "refused"; readonly entity: Entity };

/** Policy for existing entities: add what is new, skip, or report an error. */
export type Merge = "update" | "skip" | "error";

/** The combined change of all inputs of one name, if any, with the outcome of each input. */
export type MergeResult = { readonly draft: Draft | undefined; readonly taken: readonly ImportResult[] };

/** `texts`: observations that it added. */
type InputOutcome = { readonly outcome: ImportResult["outcome"]; readonly texts?: ReadonlySet<string> };

/**
 * Merges inputs of one name into the existing entity, in order, each on top of the previous ones.
 * Throws EntityTypeConflictError if no merge policy applies, MemoryTooLargeError.
 */
export function mergeInputs(
  inputs: readonly CheckedInput[],
  before: Entity | undefined,
  { at, merge }: { readonly at: At; readonly merge: Merge | undefined },
): MergeResult {
  let entity = before;
  const accepted: CheckedInput[] = [];
  let change: Draft | undefined;
  const judged = inputs.map((input): InputOutcome => {
    if (entity && merge === "skip") return { outcome: "skipped" };
    if (entity && merge !== undefined && input.type !== undefined && input.type !== entity.type)
      return { outcome: "refused" };
    const draft = draftOf(input, entity, at);
    if (!draft) return { outcome: "unchanged", texts: new Set() };
    if (entity && merge === "error") return { outcome: "refused" };
    const outcome = entity ? "changed" : "created";
    accepted.push(input);
    change = draft;
    entity = draft.after;
    return { outcome, texts: new Set(draft.added.map(({ text }) => text)) };
  });
  const draft = accepted.length > 1 ? draftOf(joined(accepted), before, at) : change;
  const after = draft?.after ?? before;
  if (!after) throw new Error(`nothing was made of ${inputs[0]?.name}`);
  return { draft, taken: judged.map((one) => toImportResult(one, after, draft?.added ?? [])) };
}

function toImportResult({ outcome, texts }: InputOutcome, entity: Entity, added: readonly Observation[]): ImportResult {
  if (outcome === "skipped" || outcome === "refused") return { outcome, entity };
  return { outcome, entity, added: added.filter(({ text }) => texts?.has(text)) };
}

/** Combines inputs of one entity; the first gives the identity, the last value of each field wins. */
const joined = (inputs: readonly CheckedInput[]): CheckedInput => {
  const [first] = inputs;
  if (!first) throw new Error("nothing is to be joined");
  return {
    ...first,
    observations: inputs.flatMap(({ observations }) => observations),
    fields: Object.assign({}, ...inputs.map(({ fields }) => fields)),
  };
};
