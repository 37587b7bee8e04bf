import { DeadLetterNotFoundError, type DeadLetterKey } from "../../../messaging/router/index.ts";
import { operations } from "../../contract/index.ts";
import { DEFAULT_WORKSPACE } from "../default-workspace.ts";
import { implement } from "../perform.ts";
import { presentDeadLetter } from "./present-message.ts";
import { MessageRefusedError } from "./send-message.ts";

/** Throws DeadLetterNotFoundError if the text is not the id of a dead letter. */
function keyOf(id: string): DeadLetterKey {
  const [, seq, recipient] = /^(\d{1,15})-(.{1,256})$/u.exec(id) ?? [];
  if (seq === undefined || recipient === undefined) throw new DeadLetterNotFoundError(0, id);
  return { workspace: DEFAULT_WORKSPACE, seq: Number(seq), recipient };
}

/** Returns the position at which a page ended. */
function placeOf(cursor: string): { readonly seq: number; readonly party: number } | undefined {
  const [, seq, party] = /^(\d{1,15})\.(\d{1,9})$/u.exec(cursor) ?? [];
  return seq === undefined ? undefined : { seq: Number(seq), party: Number(party) };
}

const list = implement(operations.deadLetter.list, async ({ messaging }, query) => {
  const { recipient, code, cursor, limit } = query;
  const { router, messageJournal } = messaging;
  const { dead: total } = await messageJournal.figures();
  const before = cursor === undefined ? undefined : placeOf(cursor);
  const filters = { workspace: DEFAULT_WORKSPACE, recipient, code };
  const found = await router.records.deadLetters({ ...filters, before, limit: limit + 1 });
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const next = found.length > limit && last !== undefined ? `${last.seq}.${last.party}` : null;
  return { items: shown.map(presentDeadLetter), next, total };
});

/** Throws DeadLetterNotFoundError, MailboxNotFoundError. */
const get = implement(operations.deadLetter.get, async ({ messaging: { router } }, { id }) =>
  presentDeadLetter(await router.records.deadLetter(keyOf(id))),
);

/** Throws DeadLetterNotFoundError, MessageRefusedError. */
const retry = implement(operations.deadLetter.retry, async ({ messaging: { router } }, { ids }) => {
  for (const id of ids) {
    const submitted = await router.records.retryDead(keyOf(id));
    if (submitted.type === "refused") throw new MessageRefusedError(submitted.error, submitted.retryAfterMs);
  }
  return { retried: ids.length };
});

/** Throws DeadLetterNotFoundError. */
const drop = implement(operations.deadLetter.drop, async ({ messaging: { router } }, { id }) => {
  await router.records.dropDead(keyOf(id));
  return { dropped: 1 };
});

export const deadLetterOperations = [list, get, retry, drop] as const;
