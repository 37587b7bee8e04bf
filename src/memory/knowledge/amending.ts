import { mint, ObservationId } from "../../kernel/ids.ts";
import { canonicalJson } from "../../kernel/json.ts";
import type { Entity, Observation, Validity } from "./entity.ts";
import { MemoryValueError } from "./errors.ts";
import { readRatio, readValidity } from "./values.ts";

/** New confidence or validity of an existing observation; absent fields do not change, `undefined` within `validity` is open. */
export type Amendment = {
  readonly text: string;
  /** 0 to 1. */
  readonly confidence?: number | undefined;
  readonly validity?: Partial<Validity> | undefined;
};

/** Identity of an observation's content: text, confidence and validity. */
export const claimOf = ({ text, confidence, validity }: Observation): string =>
  canonicalJson([text, confidence, validity.fromMs ?? null, validity.toMs ?? null]);

/**
 * Replaces observations by amended ones. They keep source and time, and get new ids.
 * Throws MemoryValueError, also for a text that is given twice, or is retracted (`gone`) by the same change.
 */
export function amend(
  before: Entity,
  amendments: readonly Amendment[],
  retracted: ReadonlySet<string>,
): { readonly added: readonly Observation[]; readonly withdrawn: readonly ObservationId[] } {
  const seen = new Set<string>();
  const pairs = amendments.flatMap((one) => {
    const given = one.text.normalize("NFC").trim();
    if (seen.has(given)) {
      throw new MemoryValueError(`"${given.slice(0, 100)}" is given twice`, "Amend each observation at most once.", {
        field: "observations",
      });
    }
    seen.add(given);
    if (retracted.has(given)) {
      throw new MemoryValueError(
        `"${given.slice(0, 100)}" is both retracted and amended`,
        "Retract it or amend it, not both.",
        { field: "observations" },
      );
    }
    const was = before.observations.find(({ text }) => text === given);
    if (!was) {
      throw new MemoryValueError(
        `${before.name} has no observation "${given.slice(0, 100)}"`,
        "Use the exact stored text; another text is another observation.",
        { field: "observations" },
      );
    }
    const is: Observation = {
      ...was,
      id: mint(ObservationId),
      confidence: readRatio(one.confidence ?? was.confidence, "confidence"),
      validity: readValidity(one.validity ?? was.validity),
      since: before.version + 1,
    };
    return claimOf(is) === claimOf(was) ? [] : [{ was, is }];
  });
  return { added: pairs.map(({ is }) => is), withdrawn: pairs.map(({ was }) => was.id) };
}
