import type { Clock } from "../../kernel/clock.ts";
import type { Participants } from "../../messaging/directory/index.ts";
import { type Delivered, type FetchedSettlement, type Router, SHARED } from "../../messaging/router/index.ts";
import type * as contract from "../contract/index.ts";
import { wireObject } from "./present-message.ts";
import { DEFAULT_WORKSPACE } from "./default-workspace.ts";

export type MailboxServices = {
  readonly router: Router;
  readonly clock: Clock;
  readonly participants: Pick<Participants, "seen">;
  /** `leaseMs` is for whoever asks for none; `window` is what all of a mailbox may have in hand. */
  readonly messageLimits: { readonly leaseMs: number; readonly window: number };
};

/** How long what is taken stays in hand: in seconds, as asked for. */
const leaseOf = ({ messageLimits }: MailboxServices, lease: number | undefined): number =>
  lease === undefined ? messageLimits.leaseMs : lease * 1_000;

const presentLeased = ({ seq, attempt, message }: Delivered): contract.LeasedMessage => ({
  seq,
  attempt,
  message: wireObject(message),
});

/**
 * Takes messages out of a participant's mailbox for `lease` seconds, the configured ones without; what is not acknowledged by
 * then comes again. The participant is there. Throws MailboxNotFoundError, ParticipantServedError.
 */
export async function fetchMessages(
  services: MailboxServices,
  name: string,
  { max, wait, lease }: { readonly max: number; readonly wait: number; readonly lease?: number | undefined },
  signal: AbortSignal,
): Promise<contract.LeasedMessages> {
  const { router, participants } = services;
  const owner = { workspace: DEFAULT_WORKSPACE, name };
  participants.seen(DEFAULT_WORKSPACE, name);
  const leaseMs = leaseOf(services, lease);
  const taken = await router.lease(owner, { max, leaseMs, waitMs: wait * 1_000 }, signal);
  return { items: taken.map(presentLeased) };
}

export type Acknowledgement = {
  readonly done: readonly number[];
  readonly failed: readonly { readonly seq: number; readonly reason: string }[];
  readonly rejected: readonly { readonly seq: number; readonly reason: string }[];
};

/** Says how it went with messages that were fetched; on disk when resolved. The participant is there. Throws MailboxNotFoundError. */
export async function acknowledge(
  { router, participants }: MailboxServices,
  name: string,
  { done, failed, rejected }: Acknowledgement,
): Promise<{ readonly late: readonly number[] }> {
  participants.seen(DEFAULT_WORKSPACE, name);
  const settlements: FetchedSettlement[] = [
    ...done.map((seq) => ({ seq, outcome: "done" }) as const),
    ...failed.map((each) => ({ ...each, outcome: "failed" }) as const),
    ...rejected.map((each) => ({ ...each, outcome: "rejected" }) as const),
  ];
  return { late: await router.settle({ workspace: DEFAULT_WORKSPACE, name }, settlements) };
}

/** Taken at once, 4 MiB if they are as large as messages get without their content being put aside. */
const TAKEN_MAX = 64;
/** How long one look into an empty mailbox takes before the next; only whoever goes away ends it sooner. */
const LOOK_MS = 30_000;

/**
 * Messages of a mailbox as they come, at most `window` in hand at once, and no more than its share of what the mailbox may have
 * in hand: `settled` says how many went out of it. What is in hand
 * when the signal aborts goes back at once and comes to whoever receives next.
 */
export class Receiving {
  readonly #services: MailboxServices;
  readonly #owner: { readonly workspace: string; readonly name: string };
  readonly #recipient: { readers: number };
  readonly #options: { readonly window: number; readonly leaseMs: number };
  /** In hand, and until when. */
  readonly #inHand = new Map<number, number>();
  #room: PromiseWithResolvers<void> | undefined;

  /** `lease` in seconds; the configured one without. Throws MailboxNotFoundError. */
  constructor(
    services: MailboxServices,
    mailbox: string,
    { window, lease }: { readonly window: number; readonly lease?: number | undefined },
  ) {
    this.#services = services;
    this.#owner = { workspace: DEFAULT_WORKSPACE, name: mailbox };
    this.#options = { window, leaseMs: leaseOf(services, lease) };
    this.#recipient = services.router.records.recipient(DEFAULT_WORKSPACE, mailbox);
  }

  /** Throws ParticipantServedError before the first. */
  async *messages(signal: AbortSignal): AsyncGenerator<readonly contract.LeasedMessage[], void, undefined> {
    const { router, clock, participants } = this.#services;
    const { leaseMs } = this.#options;
    this.#recipient.readers += 1;
    try {
      while (!signal.aborted) {
        participants.seen(this.#owner.workspace, this.#owner.name);
        this.#forgetEnded();
        const max = Math.min(TAKEN_MAX, this.#share - this.#inHand.size);
        if (max <= 0) {
          await this.#roomOr(signal);
          continue;
        }
        const taken = await router.lease(this.#owner, { max, leaseMs, waitMs: LOOK_MS, isReader: true }, signal);
        for (const { seq } of taken) this.#inHand.set(seq, clock.monotonicMs() + leaseMs);
        if (taken.length > 0) yield taken.map(presentLeased);
      }
    } finally {
      this.#recipient.readers -= 1;
      const back = [...this.#inHand.keys()].map((seq) => ({ seq, outcome: "returned" }) as const);
      if (back.length > 0) await router.settle(this.#owner, back);
    }
  }

  get #share(): number {
    const most = (this.#services.messageLimits.window * SHARED) / this.#recipient.readers;
    return Math.min(this.#options.window, Math.max(1, Math.floor(most)));
  }

  /** These are settled, so that there is room for others. */
  settled(seqs: Iterable<number>): void {
    for (const seq of seqs) this.#inHand.delete(seq);
    this.#room?.resolve();
  }

  /** What was not settled in time is not in hand any more. */
  #forgetEnded(): void {
    const now = this.#services.clock.monotonicMs();
    for (const [seq, untilMs] of this.#inHand) if (untilMs <= now) this.#inHand.delete(seq);
  }

  async #roomOr(signal: AbortSignal): Promise<void> {
    const { clock } = this.#services;
    this.#room = Promise.withResolvers();
    const over = new AbortController();
    const firstMs = Math.min(...this.#inHand.values()) - clock.monotonicMs();
    const slept = clock.sleep(Math.max(1, firstMs), AbortSignal.any([signal, over.signal])).catch(() => undefined);
    await Promise.race([this.#room.promise, slept]);
    over.abort();
    this.#room = undefined;
  }
}
