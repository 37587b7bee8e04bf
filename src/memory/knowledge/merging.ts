import type { Entity, Observation } from "./entity.ts";
import { type At, type CheckedInput, type Draft, draftOf } from "./remembering.ts";

/** `known`: nothing of it was new. */
export type Remembered = {
  readonly outcome: "created" | "changed" | "known";
  readonly entity: Entity;
  readonly added: readonly Observation[];
};

/** `kept`: it was there, and stays as it is. `refused`: it was there, and would have become otherwise, or is of another type. */
export type Taken = Remembered | { readonly outcome: "kept" | "refused"; readonly entity: Entity };

/** What becomes of an entity that is there already: it gets what is new, stays as it is, or must not become otherwise. */
export type Merge = "update" | "skip" | "error";

/** What all that is said of one name comes to: one change, or none, and what each of the inputs did. */
export type Merged = { readonly draft: Draft | undefined; readonly taken: readonly Taken[] };

/** `texts`: those that are new by it. */
type Judged = { readonly outcome: Taken["outcome"]; readonly texts?: ReadonlySet<string> };

/**
 * What inputs of one name become beside what is there, each as if those before it had been remembered.
 * Throws EntityTypeConflictError where nothing says how to merge, MemoryTooLargeError.
 */
export function mergeInputs(
  inputs: readonly CheckedInput[],
  before: Entity | undefined,
  { at, merge }: { readonly at: At; readonly merge: Merge | undefined },
): Merged {
  let entity = before;
  const accepted: CheckedInput[] = [];
  let change: Draft | undefined;
  const judged = inputs.map((input): Judged => {
    if (entity && merge === "skip") return { outcome: "kept" };
    if (entity && merge !== undefined && input.type !== undefined && input.type !== entity.type)
      return { outcome: "refused" };
    const draft = draftOf(input, entity, at);
    if (!draft) return { outcome: "known", texts: new Set() };
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
  return { draft, taken: judged.map((one) => takenOf(one, after, draft?.added ?? [])) };
}

function takenOf({ outcome, texts }: Judged, entity: Entity, added: readonly Observation[]): Taken {
  if (outcome === "kept" || outcome === "refused") return { outcome, entity };
  return { outcome, entity, added: added.filter(({ text }) => texts?.has(text)) };
}

/** All that several inputs say of one entity; the first says what it is, the last of its fields count. */
const joined = (inputs: readonly CheckedInput[]): CheckedInput => {
  const [first] = inputs;
  if (!first) throw new Error("nothing is to be joined");
  return {
    ...first,
    observations: inputs.flatMap(({ observations }) => observations),
    fields: Object.assign({}, ...inputs.map(({ fields }) => fields)),
  };
};
