import type { RunStreamEvent } from "../../../../src/api/contract/index.ts";

export type Delta = Pick<
  Extract<RunStreamEvent, { type: "text-delta" | "reasoning-delta" }>,
  "turn" | "offset" | "text"
>;

/** A turn's text with one piece more, which says itself where it belongs. After a gap nothing is added: the step comes whole. */
export const withDelta = (known: string, { offset, text }: Delta): string =>
  offset > known.length ? known : known.slice(0, offset) + text;

/** The last lines that tools wrote to their logs during calls, by the call's id; only while this page looks. */
export type Logs = { readonly [callId: string]: readonly string[] };
const LINES_SHOWN = 50;

export const withLines = (logs: Logs, { call_id: id, lines }: Extract<RunStreamEvent, { type: "tool-log" }>): Logs => ({
  ...logs,
  [id]: [...(logs[id] ?? []), ...lines.map(({ text }) => text)].slice(-LINES_SHOWN),
});
