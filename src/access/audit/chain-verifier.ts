import { type AuditItem, type AuditRecord, type Checkpoint, GENESIS, hashOf, type Head } from "./record.ts";

/** The first record that is missing or changed. */
export type Break = { readonly seq: number; readonly reason: string };

/** The result of a verification. */
export type Verification = {
  readonly records: number;
  readonly checkpoints: number;
  /** 0 if there are no records. */
  readonly first: number;
  readonly last: number;
  readonly broken: Break | undefined;
};

/**
 * Verifies a chain item by item.
 * access.audit.V1. The chain begins at record 1, or at a signed checkpoint after which retention has deleted nothing.
 * access.audit.V2. Each record has the next number, the hash of its predecessor, and its own hash.
 * access.audit.V3. Each checkpoint has a valid signature and the hash of its record, so that a chain that was computed again, or
 *   one whose last records are missing, does not fit.
 */
export class ChainVerifier {
  readonly #isSigned: (checkpoint: Checkpoint) => boolean;
  #head: Head | undefined;
  #first = 0;
  #records = 0;
  #checkpoints = 0;
  #broken: Break | undefined;

  constructor(isSigned: (checkpoint: Checkpoint) => boolean) {
    this.#isSigned = isSigned;
  }

  /** Whether the chain is intact up to here; later items do not matter otherwise. */
  add(item: AuditItem): boolean {
    if (this.#broken !== undefined) return false;
    if (item.type === "record") this.#record(item.record);
    else this.#checkpoint(item.checkpoint);
    return this.#broken === undefined;
  }

  /** Fails at the next record, for a reason outside of the chain. */
  fail(reason: string): void {
    this.#broken ??= { seq: (this.#head?.seq ?? 0) + 1, reason };
  }

  /** The result, if the chain must end here. */
  end(head?: Head): Verification {
    const at = this.#head ?? GENESIS;
    if (head !== undefined && at.seq < head.seq) this.fail("the record is missing");
    if (head !== undefined && at.seq === head.seq && at.hash !== head.hash)
      this.#broken ??= { seq: at.seq, reason: "the chain was computed again" };
    const { seq: last } = at;
    return {
      records: this.#records,
      checkpoints: this.#checkpoints,
      first: this.#first,
      last,
      broken: this.#broken,
    };
  }

  #record(record: AuditRecord): void {
    const { hash, ...rest } = record;
    const before = this.#head ?? GENESIS;
    if (rest.seq !== before.seq + 1) return this.fail("the record is missing");
    if (hashOf(rest) !== hash) return this.fail("the record was changed");
    if (rest.previous_hash !== before.hash) return this.fail("the record does not continue the chain");
    if (this.#records === 0) this.#first = rest.seq;
    this.#records += 1;
    this.#head = { seq: rest.seq, hash };
  }

  #checkpoint(checkpoint: Checkpoint): void {
    const { seq, hash } = checkpoint;
    if (!this.#isSigned(checkpoint)) {
      this.#broken = { seq, reason: "the signature of its checkpoint is invalid" };
      return;
    }
    this.#checkpoints += 1;
    if (this.#head === undefined) this.#head = { seq, hash };
    else if (this.#head.seq < seq) this.fail("the record is missing");
    else if (this.#head.seq !== seq || this.#head.hash !== hash)
      this.#broken = { seq, reason: "the record is not the one that its checkpoint states" };
  }
}
