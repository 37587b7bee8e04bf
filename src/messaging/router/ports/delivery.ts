import { type MessageId } from "../../../kernel/ids.ts";
import { type Durability, type Message, type MessageError, type NearestCapability } from "../../acl/index.ts";

/** The outcome of submitting a message. */
export type Submitted =
  /** Stored as `durability` says, and queued. A duplicate was stored before; the repetition has no effect. */
  | {
      readonly type: "accepted";
      readonly id: MessageId;
      readonly seq: number;
      readonly conversationId: string;
      readonly recipients: readonly string[];
      readonly duplicate: boolean;
      readonly durability: Durability;
      /** The capability that was chosen, since no agent provides the requested one. Most results lack the key. */
      readonly nearest?: NearestCapability;
    }
  /** Stored but undeliverable: the sender got a failure or not-understood about it. */
  | {
      readonly type: "answered";
      readonly id: MessageId;
      readonly conversationId: string;
      readonly answer: "failure" | "not-understood";
      readonly error: MessageError;
    }
  /** Nothing is stored. */
  | {
      readonly type: "refused";
      readonly id: MessageId;
      readonly error: MessageError;
      /** When trying again may help. */
      readonly retryAfterMs: number | undefined;
    };

/** A delivery in flight to one recipient. */
export type Delivered = {
  /** With `recipient` what a settlement names. */
  readonly seq: number;
  readonly message: Message;
  /** A name in the message's workspace. */
  readonly recipient: string;
  /** 1 for the first. */
  readonly attempt: number;
};

/** How the recipient got on with it. */
export type Settlement =
  | { readonly type: "done" }
  /** Returned to its place in the mailbox, which the recipient has paused. No attempt counts. */
  | { readonly type: "postponed" }
  /** Tried again after a pause, `messages.attempts_max` times in all; then it is a dead letter. */
  | { readonly type: "failed"; readonly reason: string }
  /** A dead letter at once: it would fail each time. */
  | { readonly type: "rejected"; readonly code: string; readonly reason: string };

/** A participant inside of the server. */
export interface AgentHandler {
  /**
   * Does what the message asks. Its effect is out (on disk, sent) before it resolves: then the delivery is settled, and a
   * crash in between brings the message a second time. A rejection counts as `failed`. `signal` is aborted when the lease
   * has ended or the server stops; what comes after that counts for nothing.
   */
  handle(delivered: Delivered, signal: AbortSignal): Promise<Settlement>;
}
