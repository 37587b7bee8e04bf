import type { Claim } from "../../../api/memory/claim.ts";
import { EDITING } from "../../../text/memory/editing.ts";

const words = EDITING.wrong;

/** How sure something is and when it holds, as a form has it: times in this browser's zone, empty where open. */
export type ClaimDraft = { readonly confidence: string; readonly from: string; readonly to: string };

type Claimed = { readonly confidence: number; readonly valid_from: string | null; readonly valid_to: string | null };

const two = (value: number): string => String(value).padStart(2, "0");

/** An instant as `<input type="datetime-local">` takes it, to the second. */
export function localTime(instant: string | null): string {
  if (instant === null) return "";
  const at = new Date(instant);
  const day = `${String(at.getFullYear()).padStart(4, "0")}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** The instant that such an input holds; null where it is empty. */
export const instantOf = (local: string): string | null => (local === "" ? null : new Date(local).toISOString());

export const draftOf = ({ confidence, valid_from, valid_to }: Claimed): ClaimDraft => ({
  confidence: String(confidence),
  from: localTime(valid_from),
  to: localTime(valid_to),
});

/** What is wrong with a share from 0 to 1; undefined when it is one. */
export const shareError = (text: string): string | undefined =>
  text.trim() !== "" && Number(text) >= 0 && Number(text) <= 1 ? undefined : words.share;

/** What is wrong with a span; undefined when it begins before it ends. */
export const spanError = ({ from, to }: Pick<ClaimDraft, "from" | "to">): string | undefined =>
  from !== "" && to !== "" && Date.parse(to) <= Date.parse(from) ? words.span : undefined;

/** What of a claim a form made otherwise. */
export function changedClaim(before: Claimed, draft: ClaimDraft): Claim {
  const was = draftOf(before);
  return {
    ...(draft.confidence === was.confidence ? {} : { confidence: Number(draft.confidence) }),
    ...(draft.from === was.from ? {} : { valid_from: instantOf(draft.from) }),
    ...(draft.to === was.to ? {} : { valid_to: instantOf(draft.to) }),
  };
}

/** Metadata as it is typed: an object, or what is wrong with it. */
export function readMetadata(typed: string): { readonly value: object } | { readonly error: string } {
  if (typed.trim() === "") return { value: {} };
  try {
    const value: unknown = JSON.parse(typed);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { value } : { error: words.noObject };
  } catch (error) {
    return { error: words.noJson(error instanceof Error ? error.message : String(error)) };
  }
}
