import type { Conversation, MessageRecord } from "../../../../src/api/contract/index.ts";

/** Sizes of the diagram in pixels, with the minimum and maximum width of a column. */
export const SEQUENCE = { left: 76, columnMin: 116, columnMax: 168, head: 34, row: 46 } as const;

export type Arrow = {
  readonly message: MessageRecord;
  /** Middle of its row. */
  readonly y: number;
  readonly fromX: number;
  /** One per recipient; empty without recipients. */
  readonly toX: readonly number[];
};

export type Sequence = {
  /** Lifelines from left to right; the initiator is first. */
  readonly names: readonly string[];
  readonly arrows: readonly Arrow[];
  /** How wide each lifeline's column is. */
  readonly column: number;
  readonly width: number;
  readonly height: number;
};

/** All participants and senders, in the order in which they joined. */
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
 * Lays out the diagram: messages from top to bottom, one per row. Columns shrink down to their minimum width to fit into
 * `roomPx`.
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
