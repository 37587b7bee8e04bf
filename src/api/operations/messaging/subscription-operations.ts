import type { Subscription } from "../../../messaging/router/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import { DEFAULT_WORKSPACE } from "../default-workspace.ts";
import { pageByKey } from "../page-by-key.ts";
import { implement } from "../perform.ts";
import { instant } from "../instant.ts";

const present = ({
  id,
  subscriber,
  topic,
  performative,
  sender,
  where,
  createdAtMs,
}: Subscription): contract.Subscription => ({
  id,
  subscriber,
  topic,
  performative: performative ?? null,
  sender: sender ?? null,
  where: where ?? null,
  created_at: instant(createdAtMs),
});

const list = implement(operations.subscription.list, ({ messaging: { subscriptions } }, query) => {
  const all = subscriptions
    .list(DEFAULT_WORKSPACE, query.subscriber)
    .toSorted((one, other) => (one.id < other.id ? -1 : 1));
  return pageByKey(all.map(present), ({ id }) => id, query);
});

/** Throws ParticipantNotFoundError, TopicInvalidError, ExpressionInvalidError, SubscriptionsFullError. */
const create = implement(
  operations.subscription.create,
  async ({ messaging: { subscriptions, participants } }, body) => {
    const known = participants.find(DEFAULT_WORKSPACE, body.subscriber);
    const subscriber = known?.name ?? participants.get(DEFAULT_WORKSPACE, body.subscriber).name;
    return present(await subscriptions.subscribe({ ...body, subscriber, workspace: DEFAULT_WORKSPACE }));
  },
);

/** Throws SubscriptionNotFoundError. */
const remove = implement(operations.subscription.delete, async ({ messaging: { subscriptions } }, { id }) => {
  await subscriptions.unsubscribe(DEFAULT_WORKSPACE, id);
  return { id };
});

export const subscriptionOperations = [list, create, remove] as const;
