import { type Message } from "../acl/index.ts";
import { type Router } from "./router.ts";

/**
 * Resolves to true when `recipient` has taken the message: settled it as done; to false when aborted. A message that is a dead
 * letter or waits in the mailbox is not taken.
 */
export async function taken(
  router: Pick<Router, "watch" | "records">,
  { workspace, id, conversationId }: Pick<Message, "id" | "workspace" | "conversationId">,
  recipient: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const look = async () => {
    const view = await router.records.message(workspace, id);
    const delivery = view?.deliveries.find((each) => each.recipient === recipient);
    if (delivery?.state === "done" || delivery?.state === "over") resolve(true);
  };
  const filter = { workspace, conversation: conversationId, types: ["settlement" as const] };
  using _ = router.watch(filter, () => void look().catch(reject));
  signal.addEventListener("abort", () => resolve(false), { once: true });
  await look();
  // Awaited here: watching ends with this function.
  return await promise;
}
