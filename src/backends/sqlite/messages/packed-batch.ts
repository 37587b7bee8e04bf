import type { JournalBatch, SettlementColumns } from "../../../router/index.ts";
import { type Chunk, packMessages } from "./chunk.ts";

/** Deliveries that are over, as they cross to the writer's thread. */
export type PackedSettlements = {
  readonly seqs: Float64Array;
  readonly parties: Uint32Array;
  /** Indexes of `OUTCOMES`. */
  readonly outcomes: Uint8Array;
  readonly attempts: Uint32Array;
};

/** A batch as it crosses to the writer's thread: few and large values, since each costs by itself. */
export type PackedBatch = Omit<JournalBatch, "messages" | "settlements"> & {
  readonly messages: readonly Chunk[];
  readonly settlements: PackedSettlements;
};

export const packBatch = ({ messages, settlements, ...rest }: JournalBatch): PackedBatch => ({
  ...rest,
  messages: packMessages(messages),
  settlements: packSettlements(settlements),
});

const packSettlements = ({ seqs, parties, outcomes, attempts }: SettlementColumns): PackedSettlements => ({
  seqs: Float64Array.from(seqs),
  parties: Uint32Array.from(parties),
  outcomes: Uint8Array.from(outcomes),
  attempts: Uint32Array.from(attempts),
});
