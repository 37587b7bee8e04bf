import type * as z from "zod";
import type { Clock } from "../../../kernel/clock.ts";
import type { Participants } from "../../../messaging/directory/index.ts";
import { type Delivered, type FetchedSettlement, SHARED } from "../../../messaging/router/index.ts";
import type { MessagingServices } from "../../../messaging/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import { decodeHandle, handles } from "../handles.ts";
import { implement } from "../perform.ts";
import { wireObject } from "./present-message.ts";
import { PresentedTokens } from "./presented-tokens.ts";

type MailboxServices = Pick<MessagingServices, "router"> & {
  readonly participants: Pick<Participants, "seen">;
  /** `leaseMs`: default lease. `window`: maximum in-flight messages of a mailbox. */
  readonly limits: Pick<MessagingServices["limits"], "leaseMs" | "window">;
};
type ReceivingServices = { readonly messaging: MailboxServices; readonly server: { readonly clock: Clock } };

/** Returns the requested lease, in seconds, as milliseconds. */
const leaseOf = ({ limits }: MailboxServices, lease: number | undefined): number =>
  lease === undefined ? limits.leaseMs : lease * 1_000;

const presentLeased = ({ seq, attempt, message }: Delivered): contract.LeasedMessage => ({
  handle: handles.delivery.encode(seq),
  attempt,
  message: wireObject(message),
});

const list = implement(operations.mailbox.list, ({ messaging: { router } }, _input, { principal: { workspace } }) => {
  const items = router.records.mailboxes(workspace).map((view) => {
    const { name, messages, bytes, leased, retrying, breaker, isPaused, averageMs } = view;
    const state = { messages, bytes, leased, retrying, breaker, paused: isPaused };
    return { name, presence: view.presence ?? ("gone" as const), ...state, average_ms: averageMs ?? null };
  });
  return { items: items.toSorted((one, other) => other.messages - one.messages) };
});

/** Throws MailboxNotFoundError, ParticipantServedError, SenderRefusedError. */
const fetch = implement(
  operations.mailbox.fetch,
  async ({ messaging }, { name, max, wait, lease }, { principal, signal }) => {
    new PresentedTokens(messaging, principal).authorizeProgram(name);
    messaging.participants.seen(principal.workspace, name);
    const options = { max, leaseMs: leaseOf(messaging, lease), waitMs: wait * 1_000 };
    const leased = await messaging.router.lease({ workspace: principal.workspace, name }, options, signal);
    return { items: leased.map(presentLeased) };
  },
);

/** Throws MailboxNotFoundError, RequestInvalidError, SenderRefusedError. */
const settle = implement(operations.mailbox.settle, async ({ messaging }, { name, ...settlements }, { principal }) => {
  new PresentedTokens(messaging, principal).authorizeProgram(name);
  return {
    late: await settleMessages(messaging, { workspace: principal.workspace, name }, settlementsOf(settlements)),
  };
});

type Acknowledgement = z.output<typeof contract.participants.AcknowledgeBody>;

const seqOf = (handle: string, field: string): number => decodeHandle(handles.delivery, handle, field)[0];

/** Throws RequestInvalidError. */
export function settlementsOf({ done, failed, rejected }: Acknowledgement): readonly FetchedSettlement[] {
  return [
    ...done.map((handle) => ({ seq: seqOf(handle, "done"), outcome: "done" }) as const),
    ...failed.map(({ handle, reason }) => ({ seq: seqOf(handle, "failed"), reason, outcome: "failed" }) as const),
    ...rejected.map(({ handle, reason }) => ({ seq: seqOf(handle, "rejected"), reason, outcome: "rejected" }) as const),
  ];
}

/** Settles leased messages, stored when resolved. Returns those whose lease had ended. Throws MailboxNotFoundError. */
export async function settleMessages(
  { router, participants }: Pick<MailboxServices, "router" | "participants">,
  owner: { readonly workspace: string; readonly name: string },
  settlements: readonly FetchedSettlement[],
): Promise<string[]> {
  participants.seen(owner.workspace, owner.name);
  const late = await router.settle(owner, settlements);
  return late.map((seq) => handles.delivery.encode(seq));
}

/** Maximum messages leased at once; at most 4 MiB, because larger content is offloaded. */
const TAKEN_MAX = 64;
/** Long-poll time of an empty mailbox; the client's disconnect ends it early. */
const LOOK_MS = 30_000;

/**
 * Streams messages of a mailbox, with at most `window` in flight, and at most its share of the mailbox's limit. `settled`
 * frees capacity. When the signal aborts, in-flight messages return to the mailbox for the next receiver.
 */
export class Receiving {
  readonly #messaging: MailboxServices;
  readonly #clock: Clock;
  readonly #owner: { readonly workspace: string; readonly name: string };
  readonly #recipient: { readers: number };
  readonly #options: { readonly window: number; readonly leaseMs: number };
  /** In-flight messages with the end of their lease. */
  readonly #inFlight = new Map<number, number>();
  #room: PromiseWithResolvers<void> | undefined;

  /** `lease` is in seconds; default: as configured. Throws MailboxNotFoundError. */
  constructor(
    { messaging, server }: ReceivingServices,
    owner: { readonly workspace: string; readonly name: string },
    { window, lease }: { readonly window: number; readonly lease?: number | undefined },
  ) {
    this.#messaging = messaging;
    this.#clock = server.clock;
    this.#owner = owner;
    this.#options = { window, leaseMs: leaseOf(messaging, lease) };
    this.#recipient = messaging.router.records.recipient(owner.workspace, owner.name);
  }

  /** Throws ParticipantServedError before the first. */
  async *messages(signal: AbortSignal): AsyncGenerator<readonly contract.LeasedMessage[], void, undefined> {
    const { router, participants } = this.#messaging;
    const { leaseMs } = this.#options;
    this.#recipient.readers += 1;
    try {
      while (!signal.aborted) {
        participants.seen(this.#owner.workspace, this.#owner.name);
        this.#forgetEnded();
        const max = Math.min(TAKEN_MAX, this.#share - this.#inFlight.size);
        if (max <= 0) {
          await this.#roomOr(signal);
          continue;
        }
        const taken = await router.lease(this.#owner, { max, leaseMs, waitMs: LOOK_MS, isReader: true }, signal);
        for (const { seq } of taken) this.#inFlight.set(seq, this.#clock.monotonicMs() + leaseMs);
        if (taken.length > 0) yield taken.map(presentLeased);
      }
    } finally {
      this.#recipient.readers -= 1;
      const back = [...this.#inFlight.keys()].map((seq) => ({ seq, outcome: "returned" }) as const);
      if (back.length > 0) await router.settle(this.#owner, back);
    }
  }

  get #share(): number {
    const most = (this.#messaging.limits.window * SHARED) / this.#recipient.readers;
    return Math.min(this.#options.window, Math.max(1, Math.floor(most)));
  }

  /** Marks messages as settled, which frees capacity. */
  settled(settlements: readonly FetchedSettlement[]): void {
    for (const { seq } of settlements) this.#inFlight.delete(seq);
    this.#room?.resolve();
  }

  /** Removes messages whose lease ended. */
  #forgetEnded(): void {
    const now = this.#clock.monotonicMs();
    for (const [seq, untilMs] of this.#inFlight) if (untilMs <= now) this.#inFlight.delete(seq);
  }

  async #roomOr(signal: AbortSignal): Promise<void> {
    this.#room = Promise.withResolvers();
    const over = new AbortController();
    const firstMs = Math.min(...this.#inFlight.values()) - this.#clock.monotonicMs();
    const slept = this.#clock
      .sleep(Math.max(1, firstMs), AbortSignal.any([signal, over.signal]))
      .catch(() => undefined);
    await Promise.race([this.#room.promise, slept]);
    over.abort();
    this.#room = undefined;
  }
}

export const mailboxOperations = [list, fetch, settle] as const;
