/** Words about what a request to a model holds. */
export const contextText = {
  title: "What the model was given",
  bar: (estimate: string, room: string): string => `about ${estimate} of ${room} tokens`,
  window: "Window",
  windowFrom: {
    model: "as the model says",
    agent: "as the definition says",
    default: "the server's default",
    refused: "the provider refused more",
  },
  reserve: "Reserved for output",
  estimate: "Estimated",
  counted: "Counted by the provider",
  columns: { what: "Part", tokens: "Tokens", action: "Action", why: "Why" },
  actions: {
    included: "included",
    shortened: "shortened",
    deduplicated: "deduplicated",
    summarized: "summarized",
    dropped: "dropped",
  },
  warnings: "Warnings to the model",
  summary: (through: number): string => `Summary of turns 1 to ${through}`,
  excerpts: (why: string): string => `Excerpts, since ${why}`,
  messages: {
    title: "Messages",
    note: (shortened: number): string =>
      shortened === 0
        ? "The prompts, earlier answers and tool results of this turn's request, as recorded."
        : `The prompts, earlier answers and tool results of this turn's request, as recorded. The model was given shortened results of turns up to ${shortened}.`,
    show: (count: number): string => `Show ${count} messages`,
    answer: (turn: number): string => `Answer of turn ${turn}`,
    result: (tool: string, turn: number): string => `Result of ${tool} in turn ${turn}`,
  },
  notices: {
    tools_failed: "the last tool call failed",
    context_degraded: "shortened dialogue",
    summary_excerpts: "excerpts instead of a summary",
  } as { readonly [code: string]: string | undefined },
} as const;
