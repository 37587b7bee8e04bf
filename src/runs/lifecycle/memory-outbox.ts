import * as z from "zod";
import type { RunId } from "../../kernel/ids.ts";

export const MemoryOutboxState = z.enum(["open", "pending", "extracting", "stored", "failed"]);

/**
 * State of a run's exchange on its way to memory: `open` while the run is unfinished, `pending` once it has completed,
 * `extracting` while another run extracts facts, then `stored` or `failed`.
 */
export type MemoryOutboxEntry = {
  readonly runId: RunId;
  readonly state: z.infer<typeof MemoryOutboxState>;
  /** Tries that failed, one after the other. */
  readonly attempts: number;
  /** The entity that holds it; undefined until it is kept. */
  readonly entity: string | undefined;
  /** The run that takes facts out of it. */
  readonly extraction: RunId | undefined;
  /** Last error; empty for none. */
  readonly problem: string;
};

/** Runs of which something is to be remembered, kept by the journal in the transaction that writes how they begin and end. */
export interface MemoryOutbox {
  /** Due entries, the longest due first. */
  due(nowMs: number, limit: number): readonly MemoryOutboxEntry[];
  /** When the next one is due, in epoch milliseconds. */
  nextAtMs(): number | undefined;
  get(runId: RunId): MemoryOutboxEntry | undefined;
  /** On disk when resolved. */
  upsert(entry: MemoryOutboxEntry, dueAtMs: number): Promise<void>;
}
