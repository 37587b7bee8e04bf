/** Agents' own use of memory: the tools by which they remember and recall, and what is recalled before a run. */
export { MemoryTools } from "./memory-tools.ts";
export { recallFor } from "./recall.ts";
