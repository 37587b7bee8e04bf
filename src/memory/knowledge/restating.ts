import { mint, ObservationId } from "../../kernel/ids.ts";
import { canonicalJson } from "../../kernel/json.ts";
import type { Entity, Observation, Validity } from "./entity.ts";
import { MemoryValueError } from "./errors.ts";
import { readShare, readValidity } from "./values.ts";

/** What is said already, with another certainty or time; what is absent stays, `undefined` within `validity` is open. */
export type Restatement = {
  readonly text: string;
  /** 0 to 1. */
  readonly confidence?: number | undefined;
  readonly validity?: Partial<Validity> | undefined;
};

/** All that an observation claims: its text, how sure it is, when it holds. */
export const claimOf = ({ text, confidence, validity }: Observation): string =>
  canonicalJson([text, confidence, validity.fromMs ?? null, validity.toMs ?? null]);

/**
 * Which observations take the place of which: who said it and when stays, the new ones have ids of their own.
 * Throws MemoryValueError, also for a text that is given twice, or taken back (`gone`) by the same change.
 */
export function restate(
  before: Entity,
  restatements: readonly Restatement[],
  gone: ReadonlySet<string>,
): { readonly added: readonly Observation[]; readonly withdrawn: readonly ObservationId[] } {
  const given = new Set<string>();
  const pairs = restatements.flatMap((one) => {
    const wanted = one.text.normalize("NFC").trim();
    if (given.has(wanted)) {
      throw new MemoryValueError(`"${wanted.slice(0, 100)}" is given twice`, "Say once what of it is otherwise.", {
        field: "observations",
      });
    }
    given.add(wanted);
    if (gone.has(wanted)) {
      throw new MemoryValueError(
        `"${wanted.slice(0, 100)}" is both taken back and said otherwise`,
        "Take it back, or say what of it is otherwise.",
        { field: "observations" },
      );
    }
    const was = before.observations.find(({ text }) => text === wanted);
    if (!was) {
      throw new MemoryValueError(
        `${before.name} has no observation "${wanted.slice(0, 100)}"`,
        "The text is written as it is kept; another text is another observation.",
        { field: "observations" },
      );
    }
    const is: Observation = {
      ...was,
      id: mint(ObservationId),
      confidence: readShare(one.confidence ?? was.confidence, "confidence"),
      validity: readValidity(one.validity ?? was.validity),
      since: before.version + 1,
    };
    return claimOf(is) === claimOf(was) ? [] : [{ was, is }];
  });
  return { added: pairs.map(({ is }) => is), withdrawn: pairs.map(({ was }) => was.id) };
}
