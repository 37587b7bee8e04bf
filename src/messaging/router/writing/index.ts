/** Writes to disk: batches, their writer, and the ids accepted recently. */
export { Batch, type Waiting } from "./batch.ts";
export { Duplicates } from "./duplicates.ts";
export { Writer } from "./writer.ts";
