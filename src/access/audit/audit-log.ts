import { RateLimiter } from "../../kernel/async/rate-limiter.ts";
import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import { DEFAULT_WORKSPACE } from "../../kernel/rights/default-workspace.ts";
import type { AuditFilter, AuditStore } from "./audit-store.ts";
import { ChainVerifier, type Verification } from "./chain-verifier.ts";
import { exportLines } from "./export.ts";
import { type AuditEvent, type AuditItem, type AuditRecord, chained, GENESIS, type Head } from "./record.ts";
import { checkerOf, type SigningKey } from "./signing-key.ts";

export type AuditOptions = { readonly isEnabled: boolean; readonly retentionMs: number };
type AuditPorts = { readonly store: AuditStore; readonly clock: Clock; readonly key: SigningKey };

const FLUSH_MS = 250;
/** After a failed write. */
const RETRY_MS = 5_000;
const CHECKPOINT_MS = 60_000;
const SWEEP_MS = 3_600_000;
const BATCH_MAX = 1_000;
const WAITING_MAX = 20_000;
/** Denials in a minute that have a record each: of one principal at one address, and of all. The others are counted. */
const DENIALS_PER_MINUTE = 10;
const ALL_DENIALS_PER_MINUTE = 300;
/** Records of counted denials in a minute; the rest shares one. */
const COUNTED_MAX = 200;
const SEVERAL = "several";
/** Records that retention deletes at once. */
const SWEEP_RECORDS_MAX = 10_000;

/** Names of programs are unique within a workspace only. */
const partyOf = ({ origin, principal }: AuditEvent): string =>
  JSON.stringify([origin.address, principal.workspace, principal.id]);

type Entry = { readonly event: AuditEvent; readonly atMs: number; count: number };

/**
 * The audit log.
 * access.audit.L1. Each record has the hash of its predecessor, across restarts.
 * access.audit.L2. Recording never waits for the disk and never fails a request. Records are written in batches; a crash loses those
 *   of the last 250 ms, and counted denials of the last minute.
 * access.audit.L3. Records that were written are signed within a minute, and when the server stops.
 * access.audit.L4. Retention deletes records up to a checkpoint only, and only if they are intact.
 */
export class AuditLog implements AsyncDisposable {
  readonly #ports: AuditPorts;
  readonly #options: AuditOptions;
  readonly #stop = new AbortController();
  readonly #limiter: RateLimiter;
  #head: Head;
  #signedSeq: number;
  #waiting: Entry[] = [];
  #counted = new Map<string, Entry>();
  #lost = 0;
  #writing: Promise<void> = Promise.resolve();
  #isDue = false;
  #sweptAtMs = Number.NEGATIVE_INFINITY;
  #readers = 0;

  constructor(ports: AuditPorts, options: AuditOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#limiter = new RateLimiter(ports.clock);
    this.#head = ports.store.head() ?? GENESIS;
    this.#signedSeq = ports.store.lastCheckpoint()?.seq ?? 0;
    // Ends when the log is disposed.
    this.#tick().catch((error: unknown) => {
      if (!this.#stop.signal.aborted) log.error({ err: error }, "the audit log is no longer signed");
    });
  }

  get publicKey(): string {
    return this.#ports.key.publicKey;
  }

  record(event: AuditEvent): void {
    if (!this.#options.isEnabled) return;
    const entry = { event, atMs: this.#ports.clock.nowMs(), count: 1 };
    if (event.outcome !== "denied" || this.#hasOwnRecord(event)) this.#add(entry);
    else this.#count(entry);
  }

  #hasOwnRecord(event: AuditEvent): boolean {
    return this.#limiter.take(partyOf(event), DENIALS_PER_MINUTE) && this.#limiter.take("", ALL_DENIALS_PER_MINUTE);
  }

  /**
   * Adds a denial to the record of those with the same code, workspace, principal and address, which is written with the next
   * checkpoint. The record that several parties share belongs to the default workspace, which is the operator's.
   */
  #count(entry: Entry): void {
    const { principal, code } = entry.event;
    const key = `${partyOf(entry.event)} ${code}`;
    const known = this.#counted.get(key) ?? this.#counted.get(this.#counted.size < COUNTED_MAX ? key : SEVERAL);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    const event = { ...entry.event, target: {} };
    if (this.#counted.size < COUNTED_MAX) return void this.#counted.set(key, { ...entry, event });
    const others = { ...principal, id: SEVERAL, kind: SEVERAL, name: "", workspace: DEFAULT_WORKSPACE };
    const shared = { ...event, principal: others, origin: { address: SEVERAL, requestId: SEVERAL } };
    this.#counted.set(SEVERAL, { ...entry, event: shared });
  }

  #add(entry: Entry): void {
    if (this.#waiting.length >= WAITING_MAX) this.#lost += 1;
    else this.#waiting.push(entry);
    if (!this.#isDue) void this.#flushIn(FLUSH_MS);
  }

  async #flushIn(ms: number): Promise<void> {
    this.#isDue = true;
    await this.#ports.clock.sleep(ms, this.#stop.signal).catch(() => {});
    this.#isDue = false;
    if (!this.#stop.signal.aborted) await this.flush();
  }

  /** Resolves when what was recorded so far is on disk, or cannot be written, which the server's log states. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH_MAX);
      let head = this.#head;
      const records = batch.map(({ event, atMs, count }) => (head = chained(head, event, atMs, count)));
      try {
        await this.#ports.store.append(records);
        this.#head = { seq: head.seq, hash: head.hash };
      } catch (error) {
        this.#waiting = [...batch, ...this.#waiting];
        log.error({ err: error, records: this.#waiting.length }, "audit records could not be written");
        if (!this.#isDue) void this.#flushIn(RETRY_MS);
        return;
      }
    }
    if (this.#lost > 0) log.error({ records: this.#lost }, "audit records were lost, because none could be written");
    this.#lost = 0;
  }

  async #tick(): Promise<void> {
    for (;;) {
      await this.#ports.clock.sleep(CHECKPOINT_MS, this.#stop.signal);
      await this.checkpoint();
      const nowMs = this.#ports.clock.nowMs();
      if (nowMs - this.#sweptAtMs < SWEEP_MS || !this.#options.isEnabled) continue;
      this.#sweptAtMs = nowMs;
      await this.sweep().catch((error: unknown) => log.warn({ err: error }, "old audit records could not be deleted"));
    }
  }

  /** Writes everything and signs the last record. Never rejects. */
  async checkpoint(): Promise<void> {
    const counted = [...this.#counted.values()];
    this.#counted = new Map();
    for (const entry of counted) this.#add(entry);
    await this.flush();
    const head = this.#head;
    if (head.seq === this.#signedSeq) return;
    const { store, key, clock } = this.#ports;
    try {
      await store.addCheckpoint(key.sign(head, clock.nowMs()));
      this.#signedSeq = head.seq;
    } catch (error) {
      log.error({ err: error }, "a checkpoint of the audit log could not be written");
    }
  }

  /** Deletes records older than the retention. */
  async sweep(): Promise<void> {
    const { store, clock } = this.#ports;
    const before = new Date(clock.nowMs() - this.#options.retentionMs).toISOString();
    for (;;) {
      const checkpoint = store.expired(before, SWEEP_RECORDS_MAX);
      // A reader would find records missing.
      if (checkpoint === undefined || this.#readers > 0) return;
      const { broken } = await this.#verify(checkpoint);
      if (broken !== undefined) {
        log.error({ seq: broken.seq, reason: broken.reason }, "the audit log is broken: no records are deleted");
        return;
      }
      await store.deleteUpTo(checkpoint);
    }
  }

  async list(filter: AuditFilter): Promise<readonly AuditRecord[]> {
    await this.flush();
    return this.#ports.store.list(filter);
  }

  /** Verifies every record that is stored, up to the last one that this process has written. */
  async verify(): Promise<Verification> {
    await this.checkpoint();
    return this.#verify(this.#head);
  }

  async #verify(head: Head): Promise<Verification> {
    const verifier = new ChainVerifier(checkerOf(this.publicKey) ?? (() => false));
    for await (const item of this.#items(head.seq)) if (!verifier.add(item)) break;
    return verifier.end(head);
  }

  /** The lines of an export of all records. */
  async *export(): AsyncGenerator<string, void, undefined> {
    await this.checkpoint();
    const { seq } = this.#head;
    yield* exportLines(this.#items(seq), { lastSeq: seq, publicKey: this.publicKey });
  }

  async *#items(lastSeq: number): AsyncGenerator<AuditItem, void, undefined> {
    this.#readers += 1;
    try {
      for (let at = -1; ;) {
        const items = this.#ports.store.after(at, BATCH_MAX);
        for (const item of items) {
          const { seq } = item.type === "record" ? item.record : item.checkpoint;
          if (seq > lastSeq) return;
          at = seq;
          yield item;
        }
        if (items.length === 0) return;
        // Lets other requests run between pages.
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      this.#readers -= 1;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.checkpoint();
  }
}
