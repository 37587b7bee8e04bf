import type { Principal } from "../../../access/index.ts";
import { CaxtonError } from "../../../kernel/errors.ts";
import type { Subscription } from "../../../messaging/router/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import { cursors } from "../handles.ts";
import { pageByKey } from "../page.ts";
import { implement } from "../perform.ts";
import { instant } from "../instant.ts";

/** A program names another subscriber. */
class SubscriptionForbiddenError extends CaxtonError {
  readonly code = "SUBSCRIPTION_FORBIDDEN";
  readonly kind = "denied";
  constructor(subscriber: string, own: string) {
    super(
      `the program ${own} cannot manage subscriptions of ${subscriber}`,
      "Use an API key with the permission subscriptions:write.",
      { subscriber },
    );
  }
}

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

/** Throws SubscriptionForbiddenError if a program would use the subscriptions of another name. */
function requireOwn({ kind, name }: Principal, subscriber: string): void {
  if (kind === "participant" && subscriber.toLowerCase() !== name.toLowerCase())
    throw new SubscriptionForbiddenError(subscriber, name);
}

/** A program lists its own subscriptions. */
const list = implement(operations.subscription.list, ({ messaging: { subscriptions } }, query, { principal }) => {
  const subscriber = query.subscriber ?? (principal.kind === "participant" ? principal.name : undefined);
  if (subscriber !== undefined) requireOwn(principal, subscriber);
  const all = subscriptions
    .list(principal.workspace, subscriber)
    .toSorted((one, other) => (one.id < other.id ? -1 : 1));
  return pageByKey(all.map(present), ({ id }) => id, query, cursors.subscriptions);
});

/** Throws SubscriptionForbiddenError, ParticipantNotFoundError, TopicInvalidError, ExpressionInvalidError, SubscriptionsFullError. */
const create = implement(
  operations.subscription.create,
  async ({ messaging: { subscriptions, participants } }, body, { principal }) => {
    requireOwn(principal, body.subscriber);
    const known = participants.find(principal.workspace, body.subscriber);
    const subscriber = known?.name ?? participants.get(principal.workspace, body.subscriber).name;
    return present(await subscriptions.subscribe({ ...body, subscriber, workspace: principal.workspace }));
  },
);

/** Throws SubscriptionForbiddenError, SubscriptionNotFoundError. */
const remove = implement(operations.subscription.delete, async ({ messaging: { subscriptions } }, { id }, call) => {
  const found = subscriptions.list(call.principal.workspace).find((each) => each.id === id);
  if (found !== undefined) requireOwn(call.principal, found.subscriber);
  await subscriptions.unsubscribe(call.principal.workspace, id);
  return { id };
});

export const subscriptionOperations = [list, create, remove] as const;
