/** Agents' own use of memory: the tools by which they remember and recall. */
export { MemoryTools } from "./memory-tools.ts";
