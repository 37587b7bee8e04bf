import {
  DeadLetterNotFoundError,
  type DeadLetterKey,
  type MessageJournal,
  type Router,
} from "../../messaging/router/index.ts";
import type * as contract from "../contract/index.ts";
import { presentDeadLetter } from "./present-message.ts";
import { DEFAULT_WORKSPACE } from "./default-workspace.ts";
import { MessageRefusedError } from "./send-message.ts";

export type DeadLetterServices = { readonly router: Router; readonly messageJournal: MessageJournal };

/** Throws DeadLetterNotFoundError for what is no id of one. */
function keyOf(id: string): DeadLetterKey {
  const [, seq, recipient] = /^(\d{1,15})-(.{1,256})$/u.exec(id) ?? [];
  if (seq === undefined || recipient === undefined) throw new DeadLetterNotFoundError(0, id);
  return { workspace: DEFAULT_WORKSPACE, seq: Number(seq), recipient };
}

/** Where a page of the list ended. */
function placeOf(cursor: string): { readonly seq: number; readonly party: number } | undefined {
  const [, seq, party] = /^(\d{1,15})\.(\d{1,9})$/u.exec(cursor) ?? [];
  return seq === undefined ? undefined : { seq: Number(seq), party: Number(party) };
}

/** Dead letters, newest first. */
export async function listDeadLetters(
  { router, messageJournal }: DeadLetterServices,
  query: {
    readonly recipient?: string | undefined;
    readonly code?: string | undefined;
    readonly cursor?: string | undefined;
    readonly limit: number;
  },
): Promise<contract.DeadLetterPage> {
  const { recipient, code, limit } = query;
  const { dead: total } = await messageJournal.figures();
  const before = query.cursor === undefined ? undefined : placeOf(query.cursor);
  const filters = { workspace: DEFAULT_WORKSPACE, recipient, code };
  const found = await router.records.deadLetters({ ...filters, before, limit: limit + 1 });
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const next = found.length > limit && last !== undefined ? `${last.seq}.${last.party}` : null;
  return { items: shown.map(presentDeadLetter), next, total };
}

/** Throws DeadLetterNotFoundError, MailboxNotFoundError. */
export const getDeadLetter = async ({ router }: DeadLetterServices, id: string): Promise<contract.DeadLetter> =>
  presentDeadLetter(await router.records.deadLetter(keyOf(id)));

/** Sends them again, to the recipient that did not get them. Throws DeadLetterNotFoundError, MessageRefusedError. */
export async function retryDeadLetters(
  { router }: DeadLetterServices,
  ids: readonly string[],
): Promise<{ readonly retried: number }> {
  for (const id of ids) {
    const submitted = await router.records.retryDead(keyOf(id));
    if (submitted.type === "refused") throw new MessageRefusedError(submitted.error, submitted.retryAfterMs);
  }
  return { retried: ids.length };
}

/** Throws DeadLetterNotFoundError. */
export async function dropDeadLetter(
  { router }: DeadLetterServices,
  id: string,
): Promise<{ readonly dropped: number }> {
  await router.records.dropDead(keyOf(id));
  return { dropped: 1 };
}
