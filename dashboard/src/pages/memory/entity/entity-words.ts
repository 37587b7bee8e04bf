import { fullTime } from "../../../parts/format/format.ts";
import { EDITING } from "../../../text/memory/editing.ts";
import { text } from "../../../text/text.ts";

const words = text.memory.facts;

/** "80 %" */
export const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** From when until when something holds. */
export function spanWords(from: string | null, to: string | null): string {
  if (from === null && to === null) return words.always;
  return [from === null ? "" : words.from(fullTime(from)), to === null ? "" : words.to(fullTime(to))]
    .filter((part) => part !== "")
    .join(", ");
}

/** "60 % sure, until 21 Nov 2026, 14:02:11" */
export const claimWords = ({
  confidence,
  valid_from: from,
  valid_to: to,
}: {
  readonly confidence: number;
  readonly valid_from: string | null;
  readonly valid_to: string | null;
}): string => `${EDITING.sure(percent(confidence))}, ${spanWords(from, to)}`;
