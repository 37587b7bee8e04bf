/** A finished turn of a dialogue: text of the model, its calls and their results. */
export type Turn = {
  /** From 1, rising. */
  readonly turn: number;
  /** What the user said before it; undefined if nothing, and for the request of the run that is laid out. */
  readonly asked?: Asked | undefined;
  readonly text: string;
  readonly calls: readonly TurnCall[];
  /** One result per call, in the order of the calls. */
  readonly results: readonly TurnResult[];
  /** About what `text` and `calls` take. */
  readonly tokens: number;
};

/** A message of the user in an earlier run, or one that joined a run while it was in progress. */
export type Asked = {
  readonly text: string;
  /** Estimated tokens of `text`. */
  readonly tokens: number;
  /** Estimated tokens of the files; a turn that is shortened only names them. */
  readonly fileTokens: number;
};

export type TurnCall = { readonly id: string; readonly name: string; readonly arguments: string };

export type TurnResult = {
  /** The call's place among all calls of the thread, from 1. */
  readonly call: number;
  readonly name: string;
  readonly text: string;
  readonly failed: boolean;
  /** Said to the model after the result. */
  readonly note: string;
  /** Estimated tokens of `text`, `note` and images. */
  readonly tokens: number;
};

/** Form of a result in a request. */
export type ShownResult = {
  readonly text: string;
  readonly how: "whole" | "shortened" | "duplicate";
  readonly tokens: number;
};

/** A turn as a request shows it; the results are in the order of the turn's. */
export type ShownTurn = {
  readonly turn: Turn;
  readonly results: readonly ShownResult[];
  /** Whether the files of `asked` are sent; otherwise they are only named. */
  readonly holdsFiles: boolean;
};

/** Estimated tokens that providers add to a message or a result. */
export const FRAME_TOKENS = 6;
