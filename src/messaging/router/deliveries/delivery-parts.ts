import { type Message, type MessageError } from "../../acl/index.ts";
import { type Outcome } from "../ports/index.ts";
import { type RouterCore } from "../router-core.ts";
import { type PoisonMessageGuard } from "./poison-message-guard.ts";

export type DeliveryParts = {
  readonly core: RouterCore;
  readonly crashes: PoisonMessageGuard;
  /** From 0 up to 1. */
  readonly chance: () => number;
  /** The messages, by seq; those that are gone are not in it. */
  readonly read: (seqs: readonly number[]) => Promise<ReadonlyMap<number, Message>>;
  /** A delivery was given up, or came too late: its sender may want to know. */
  readonly gaveUp: (message: Message, recipient: string, error: MessageError) => void;
};

export type End = {
  readonly message: Message | undefined;
  readonly outcome: Outcome;
  readonly attempt: number;
  readonly tookMs: number;
};
