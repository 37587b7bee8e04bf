import type { MessageRecord } from "../../../../src/api/contract/index.ts";
import { isFailure } from "../../parts/messages/act-look.ts";

/** What went from one to another. */
export type Flow = {
  readonly from: string;
  readonly to: string;
  readonly messages: number;
  /** Messages with failure performatives, and undelivered messages. */
  readonly failures: number;
  readonly lastAt: string;
};

const LOST: ReadonlySet<string> = new Set(["dead", "expired", "dropped"]);

/** The pairs that talked since, the busiest first. */
export function flowsOf(messages: readonly MessageRecord[], sinceMs: number): readonly Flow[] {
  const flows = new Map<string, Flow>();
  for (const message of messages) {
    if (Date.parse(message.at) < sinceMs) continue;
    const isUndelivered = message.recipients.length === 0;
    for (const to of isUndelivered ? (message.receiver ?? []) : message.recipients) {
      const key = `${message.sender} ${to}`;
      const before = flows.get(key);
      const state = message.deliveries.find(({ recipient }) => recipient === to)?.state;
      const failed = isUndelivered || isFailure(message.performative) || (state !== undefined && LOST.has(state));
      flows.set(key, {
        from: message.sender,
        to,
        messages: (before?.messages ?? 0) + 1,
        failures: (before?.failures ?? 0) + Number(failed),
        lastAt: message.at,
      });
    }
  }
  return [...flows.values()].toSorted(
    (one, other) =>
      other.messages - one.messages || one.from.localeCompare(other.from) || one.to.localeCompare(other.to),
  );
}
