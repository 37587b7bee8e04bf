/** Handling of the older part of a dialogue that no longer fits. */
export const STRATEGIES = ["summarize", "sliding", "full"] as const;
/** `summarize`: a summary stands for it. `sliding`: it is left out. `full`: nothing is touched, and the run fails instead. */
export type Strategy = (typeof STRATEGIES)[number];

export type ContextSettings = {
  readonly strategy: Strategy;
  /** Tokens of request and answer together; undefined is what the model takes. */
  readonly windowTokens: number | undefined;
  /** Context window assumed for unknown models, in tokens. */
  readonly defaultWindowTokens: number;
  /** Kept free for the answer; undefined is the agent's longest answer, or a part of the window. */
  readonly reserveTokens: number | undefined;
  /** The newest turns, which are shortened only when nothing else helps. */
  readonly keepTurns: number;
  /** Of earlier turns of a thread, what a request holds at most, however large the window is. */
  readonly historyTokensMax: number;
  /** The longest summary. */
  readonly summaryTokensMax: number;
};

export const DEFAULT_CONTEXT: ContextSettings = {
  strategy: "summarize",
  windowTokens: undefined,
  defaultWindowTokens: 32_768,
  reserveTokens: undefined,
  keepTurns: 4,
  historyTokensMax: 48_000,
  summaryTokensMax: 1_000,
};
