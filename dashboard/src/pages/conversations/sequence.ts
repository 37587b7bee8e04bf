import type { Conversation, MessageRecord } from "../../../../src/api/contract/index.ts";

/** Measures of the picture, in pixels. A column is as wide as there is room, between these. */
export const SEQUENCE = { left: 76, columnMin: 116, columnMax: 168, head: 34, row: 46 } as const;

export type Arrow = {
  readonly message: MessageRecord;
  /** Middle of its row. */
  readonly y: number;
  readonly fromX: number;
  /** Of each recipient; empty when it went to nobody. */
  readonly toX: readonly number[];
};

export type Sequence = {
  /** Lifelines from left to right: whoever opened it first. */
  readonly names: readonly string[];
  readonly arrows: readonly Arrow[];
  /** How wide each lifeline's column is. */
  readonly column: number;
  readonly width: number;
  readonly height: number;
};

/** Everybody who takes part or said something, in the order in which they came in. */
export function namesOf(conversation: Conversation | undefined, messages: readonly MessageRecord[]): readonly string[] {
  const opening = conversation === undefined ? [] : [conversation.initiator];
  const said = messages.flatMap(({ sender, recipients, receiver }) => [
    sender,
    ...(recipients.length === 0 ? (receiver ?? []) : recipients),
  ]);
  const others = conversation?.participants.map(({ name }) => name) ?? [];
  return [...new Set([...opening, ...others, ...said])];
}

/** The middle of a column. */
export const columnX = (index: number, column: number): number => SEQUENCE.left + column * (index + 0.5);

/**
 * Where everything of the picture stands; messages from top to bottom, one a row. Columns are made narrower, down to their least,
 * so that all of them stand in `roomPx`.
 */
export function layOut(
  conversation: Conversation | undefined,
  messages: readonly MessageRecord[],
  roomPx: number,
): Sequence {
  const names = namesOf(conversation, messages);
  const fair = Math.floor((roomPx - SEQUENCE.left) / Math.max(1, names.length));
  const column = Math.min(SEQUENCE.columnMax, Math.max(SEQUENCE.columnMin, fair));
  const xOf = new Map(names.map((name, index) => [name, columnX(index, column)]));
  const arrows = messages.map((message, index): Arrow => {
    const { sender, recipients } = message;
    return {
      message,
      y: SEQUENCE.head + SEQUENCE.row * (index + 0.5),
      fromX: xOf.get(sender) ?? columnX(0, column),
      toX: recipients.flatMap((name) => xOf.get(name) ?? []),
    };
  });
  return {
    names,
    arrows,
    column,
    width: SEQUENCE.left + column * names.length,
    height: SEQUENCE.head + SEQUENCE.row * messages.length,
  };
}
