import type { Performative } from "../../messaging/acl/index.ts";
import type { Participants } from "../../messaging/directory/index.ts";
import type { Subscription, Subscriptions } from "../../messaging/router/index.ts";
import type * as contract from "../contract/index.ts";
import { instant } from "./present-run.ts";
import { DEFAULT_WORKSPACE } from "./default-workspace.ts";

export type SubscriptionServices = { readonly subscriptions: Subscriptions; readonly participants: Participants };

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

/** Subscriptions, oldest first; those of one subscriber, or all. */
export function listSubscriptions(
  { subscriptions }: SubscriptionServices,
  query: { readonly subscriber?: string | undefined; readonly cursor?: string | undefined; readonly limit: number },
): contract.SubscriptionPage {
  const all = subscriptions
    .list(DEFAULT_WORKSPACE, query.subscriber)
    .toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const after = all.filter(({ id }) => query.cursor === undefined || id > query.cursor);
  const items = after.slice(0, query.limit).map(present);
  return { items, next: after.length > query.limit ? (items.at(-1)?.id ?? null) : null };
}

/** The same twice is one. Throws ParticipantNotFoundError, TopicInvalidError, ExpressionInvalidError, SubscriptionsFullError. */
export async function subscribe(
  { subscriptions, participants }: SubscriptionServices,
  body: {
    readonly subscriber: string;
    readonly topic: string;
    readonly performative?: Performative | undefined;
    readonly sender?: string | undefined;
    readonly where?: string | undefined;
  },
): Promise<contract.Subscription> {
  const known = participants.find(DEFAULT_WORKSPACE, body.subscriber);
  const subscriber = known?.name ?? participants.get(DEFAULT_WORKSPACE, body.subscriber).name;
  return present(await subscriptions.subscribe({ ...body, subscriber, workspace: DEFAULT_WORKSPACE }));
}

/** Throws SubscriptionNotFoundError. */
export async function unsubscribe(
  { subscriptions }: SubscriptionServices,
  id: string,
): Promise<{ readonly id: string }> {
  await subscriptions.unsubscribe(DEFAULT_WORKSPACE, id);
  return { id };
}
