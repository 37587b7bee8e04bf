/** What was used: each is a kind of grant. */
export const USE_KINDS = [
  "file",
  "http",
  "message",
  "memory",
  "state",
  "secret",
  "environment",
  "clock",
  "random",
] as const;
export type UseKind = (typeof USE_KINDS)[number];

/** `denied`: no grant allows it. `failed`: a grant allows it, and it went wrong. */
export const USE_OUTCOMES = ["allowed", "denied", "failed"] as const;
export type UseOutcome = (typeof USE_OUTCOMES)[number];

/** One use of a grant, or an attempt at one. Holds no contents, no query of a URL and no secret. */
export type GrantUse = {
  readonly atMs: number;
  /** The workspace of the call. */
  readonly workspace: string;
  readonly server: string;
  readonly agent: string | undefined;
  /** The run's id, or that of a call outside a run. */
  readonly session: string;
  readonly kind: UseKind;
  /** `read`, `GET`, `set`, `inform`, `search`: in the words of its kind. */
  readonly operation: string;
  /** A path, a URL without query, a key, a name, whom a message is for, whose memory is searched. */
  readonly target: string;
  readonly outcome: UseOutcome;
  /** Why it was not allowed or went wrong, as a code; empty when neither. */
  readonly reason: string;
  /** Bytes that were moved, where that is known. */
  readonly bytes: number;
  readonly durationMs: number;
};

/** Repeats of one use within a moment are one, with their number, and with bytes and time in sum. */
export type StoredUse = GrantUse & { readonly seq: number; readonly count: number };
export type UseFilter = {
  readonly workspace: string;
  readonly server: string;
  readonly outcome: UseOutcome | undefined;
  readonly kind: UseKind | undefined;
  readonly sinceMs: number | undefined;
  /** Only those older than this one. */
  readonly beforeSeq: number | undefined;
  readonly limit: number;
};

/**
 * Keeps what tool servers used and were refused, for a bounded time and in a bounded number: one that asks for much
 * pushes out its own uses of that outcome before anything of another's.
 */
export interface GrantLedger {
  /** Takes a use; it is on disk a moment later. Never throws and never waits. */
  record(use: GrantUse): void;
  /** Newest first, those just recorded included. */
  uses(filter: UseFilter): Promise<readonly StoredUse[]>;
}
