/** Agents' own use of memory: the tools by which they remember and recall, what is recalled before a run and kept after it, what tools may search. */
export { MemoryTools } from "./memory-tools.ts";
export { ExchangeRecorder } from "./exchange-recorder.ts";
export { recallFor } from "./recall.ts";
