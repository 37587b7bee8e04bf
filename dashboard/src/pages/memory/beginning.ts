/** Characters that are shown of a text before all of it is asked for; an observation may have a million. */
export const SHOWN_CHARS = 1_500;

/** The beginning of a text, cut between its characters. */
export const beginning = (whole: string, chars: number = SHOWN_CHARS): string =>
  whole.length <= chars ? whole : `${whole.slice(0, chars).replace(/[\uD800-\uDBFF]$/u, "")}…`;
