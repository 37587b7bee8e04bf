import { type DeadLetter, DeadLetterNotFoundError, type Router } from "../../../messaging/router/index.ts";
import { operations } from "../../contract/index.ts";
import { handles } from "../handles.ts";
import { decodeCursor, pageOf } from "../page.ts";
import { implement } from "../perform.ts";
import { deadLetterId, presentDeadLetter } from "./present-message.ts";
import { MessageRefusedError } from "./send-message.ts";

/** Throws DeadLetterNotFoundError. */
async function mustFind({ records }: Pick<Router, "records">, workspace: string, id: string): Promise<DeadLetter> {
  const [seq, party] = handles.deadLetter.decode(id) ?? [];
  const key = seq === undefined || party === undefined ? undefined : { workspace, seq, party };
  const found = key && (await records.deadLetter(key));
  if (found === undefined) throw new DeadLetterNotFoundError(id);
  return found;
}

const list = implement(operations.deadLetter.list, async ({ messaging }, query, { principal: { workspace } }) => {
  const { recipient, code, cursor, limit } = query;
  const { router, messageJournal } = messaging;
  const total = messageJournal.deadCount(workspace);
  const [seq, party] = decodeCursor(handles.deadLetter, cursor) ?? [];
  const before = seq === undefined || party === undefined ? undefined : { seq, party };
  const filters = { workspace, recipient, code };
  const found = await router.records.deadLetters({ ...filters, before, limit: limit + 1 });
  const { rows, next } = pageOf(found, limit, deadLetterId);
  return { items: rows.map(presentDeadLetter), next, total };
});

/** Throws DeadLetterNotFoundError. */
const get = implement(
  operations.deadLetter.get,
  async ({ messaging: { router } }, { id }, { principal: { workspace } }) =>
    presentDeadLetter(await mustFind(router, workspace, id)),
);

/** Throws DeadLetterNotFoundError, MailboxNotFoundError, MessageRefusedError. */
const retry = implement(
  operations.deadLetter.retry,
  async ({ messaging: { router } }, { ids }, { principal: { workspace } }) => {
    for (const id of ids) {
      const submitted = await router.records.retryDead(await mustFind(router, workspace, id));
      if (submitted.type === "refused") throw new MessageRefusedError(submitted.error, submitted.retryAfterMs);
    }
    return { retried: ids.length };
  },
);

/** Throws DeadLetterNotFoundError. */
const drop = implement(
  operations.deadLetter.drop,
  async ({ messaging: { router } }, { id }, { principal: { workspace } }) => {
    await router.records.dropDead(await mustFind(router, workspace, id));
    return { dropped: 1 };
  },
);

export const deadLetterOperations = [list, get, retry, drop] as const;
