import { type JsonObject } from "../../kernel/json.ts";
import { type Bidder, type Outgoing, type Task } from "./task.ts";

/** Replies that were on time may still be on their way through the server. */
export const GRACE_MS = 250;

/** The candidates, the most promising first. */
export type Candidate = { readonly name: string; readonly isThere: boolean };

export const newBidder = (name: string, state: Bidder["state"]): Bidder => ({
  name,
  state,
  bid: undefined,
  proposal: undefined,
  holdsUntilMs: undefined,
  score: undefined,
  rank: undefined,
  awardedAtMs: undefined,
  endedAtMs: undefined,
  note: undefined,
  result: undefined,
});

/** A bidder in its next state; what was noted of an earlier one is true of it no more. */
export const withState = (
  bidder: Bidder,
  state: Bidder["state"],
  more: Partial<Omit<Bidder, "state">> = {},
): Bidder => ({
  ...bidder,
  note: undefined,
  ...more,
  state,
});

/** The description of the work that bidders receive. */
export const summary = ({ id, name, description, data }: Task): JsonObject => ({
  id,
  name,
  description,
  ...(data !== undefined && { data }),
});

type What = Pick<Outgoing, "key" | "act" | "to" | "content"> & {
  readonly replyByMs?: number;
  readonly inReplyTo?: string | undefined;
};

export const outgoing = (task: Task, { key, act, to, content, replyByMs, inReplyTo }: What): Outgoing => ({
  key,
  act,
  to,
  conversation: task.id,
  protocol: PROTOCOL_NAMES[task.protocol],
  content,
  replyByMs,
  inReplyTo,
});

/** The protocol of the messages of a task. */
export const PROTOCOL_NAMES = {
  "contract-net": "fipa-contract-net",
  "iterated-contract-net": "fipa-iterated-contract-net",
  request: "fipa-request",
  "auction-english": "fipa-auction-english",
  "auction-dutch": "fipa-auction-dutch",
  "auction-sealed": "fipa-contract-net",
} as const;

export const withBidder = (task: Task, bidder: Bidder): Task => ({
  ...task,
  bidders: task.bidders.map((each) => (each.name === bidder.name ? bidder : each)),
});

export const changed = (task: Task, nowMs: number, change: Partial<Task>): Task => ({
  ...task,
  ...change,
  version: task.version + 1,
  updatedAtMs: nowMs,
});
