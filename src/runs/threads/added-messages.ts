import assert from "node:assert/strict";
import type { Clock } from "../../kernel/clock.ts";
import { AddedMessageId, mint, type RunId, type ThreadId } from "../../kernel/ids.ts";
import type { Runs } from "../lifecycle/index.ts";
import { TranscriptMessage } from "../record/index.ts";
import { addedMessageNotFound, refuseTooMany } from "./errors.ts";
import type { AddedMessage, Thread, ThreadStore } from "./thread.ts";

/** A message to add without a run. */
export type NewMessage = DistributiveOmit<AddedMessage, "added">;
type DistributiveOmit<Value, Key extends PropertyKey> = Value extends unknown ? Omit<Value, Key> : never;

type Store = Pick<ThreadStore, "added" | "add" | "removeAdded">;
type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly redact: <Message extends NewMessage>(message: Message) => Message;
};

/** Messages that were added after a turn and wait for the next, oldest first. */
export const addedTo = (store: Store, id: ThreadId, after: RunId | null): readonly AddedMessage[] =>
  store.added(id, after).map(addedIn);

function addedIn(body: string): AddedMessage {
  const message = TranscriptMessage.parse(JSON.parse(body));
  const { added } = message;
  assert(added !== undefined, "an added message has its place");
  return { ...message, added };
}

/** Adds messages after the head of a thread. Throws ThreadFullError, storage errors. */
export async function addTo(
  { store, clock, redact }: Deps,
  { id, head }: Thread,
  messages: readonly NewMessage[],
  author: string,
): Promise<readonly AddedMessage[]> {
  const atMs = clock.nowMs();
  const added = messages.map((message) => ({ ...redact(message), added: { id: mint(AddedMessageId), author, atMs } }));
  refuseTooMany(id, [...addedTo(store, id, head), ...added]);
  const opening = added.find(({ role }) => role === "user")?.text ?? "";
  const rows = added.map((message) => ({ id: message.added.id, body: JSON.stringify(message) }));
  await store.add(id, { after: head, opening, atMs, messages: rows });
  return added;
}

/** Throws AddedMessageNotFoundError, storage errors. */
export async function removeFrom(store: Store, id: ThreadId, message: string): Promise<void> {
  const own = AddedMessageId.safeParse(message);
  if (!own.success || !(await store.removeAdded(id, own.data))) throw addedMessageNotFound(id, message);
}

/** The added messages that the next turn after one takes, or those of the turn that it replaces; undefined for none. */
export function takenBy(
  { store, runs }: { readonly store: Store; readonly runs: Pick<Runs, "view" | "firstOf"> },
  { id }: Thread,
  parent: RunId | null,
  insteadOf?: RunId,
): readonly TranscriptMessage[] | undefined {
  const taken =
    insteadOf === undefined
      ? addedTo(store, id, parent)
      : (runs.view(runs.firstOf(insteadOf)).transcript ?? []).filter(({ added }) => added !== undefined);
  return taken.length === 0 ? undefined : taken;
}
