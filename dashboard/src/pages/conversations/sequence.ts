import type { Conversation, MessageRecord } from "../../../../src/api/contract/index.ts";

/** Measures of the picture, in pixels. */
export const SEQUENCE = { left: 76, column: 168, head: 34, row: 46 } as const;

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

export const columnX = (index: number): number => SEQUENCE.left + SEQUENCE.column * (index + 0.5);

/** Where everything of the picture stands; messages from top to bottom, one a row. */
export function layOut(conversation: Conversation | undefined, messages: readonly MessageRecord[]): Sequence {
  const names = namesOf(conversation, messages);
  const xOf = new Map(names.map((name, index) => [name, columnX(index)]));
  const arrows = messages.map((message, index): Arrow => {
    const { sender, recipients } = message;
    return {
      message,
      y: SEQUENCE.head + SEQUENCE.row * (index + 0.5),
      fromX: xOf.get(sender) ?? columnX(0),
      toX: recipients.flatMap((name) => xOf.get(name) ?? []),
    };
  });
  return {
    names,
    arrows,
    width: SEQUENCE.left + SEQUENCE.column * names.length,
    height: SEQUENCE.head + SEQUENCE.row * messages.length,
  };
}
