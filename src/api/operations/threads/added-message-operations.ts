import { operations } from "../../contract/index.ts";
import { implement } from "../perform.ts";
import { ownThread } from "./own-thread.ts";
import { presentAdded } from "./present-thread.ts";

/** Throws ThreadNotFoundError, ThreadFullError, storage errors. */
const create = implement(
  operations.addedMessage.create,
  async ({ runs }, { id, messages }, { admission, principal }) => {
    const thread = ownThread(runs, admission, id);
    const given = messages.map((message) => {
      if (message.role === "user") return { ...message, files: [] };
      return message.role === "assistant" ? { ...message, calls: message.calls ?? [] } : message;
    });
    return { items: (await runs.threads.add(thread.id, given, principal.name)).map(presentAdded) };
  },
);

/** Throws ThreadNotFoundError, AddedMessageNotFoundError, storage errors. */
const remove = implement(operations.addedMessage.delete, async ({ runs }, { id, message }, { admission }) => {
  await runs.threads.removeAdded(ownThread(runs, admission, id).id, message);
  return null;
});

export const addedMessageOperations = [create, remove] as const;
