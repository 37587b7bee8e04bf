/** From what happens to what is on disk: batches, their writer, and which ids came lately. */
export { Batch, type Waiting } from "./batch.ts";
export { Duplicates } from "./duplicates.ts";
export { Writer } from "./writer.ts";
