import { type SubscriptionId } from "../../../kernel/ids.ts";
import { type Performative } from "../../acl/index.ts";

/** A subscription to published messages. Every condition given must hold. */
export type Subscription = {
  readonly id: SubscriptionId;
  readonly workspace: string;
  readonly subscriber: string;
  /** Words with dots between; `*` is any one word, `#` any number of words. */
  readonly topic: string;
  readonly performative: Performative | undefined;
  readonly sender: string | undefined;
  /** An expression over `message`, as it is on the wire: `message.content.total > 100`. */
  readonly where: string | undefined;
  readonly createdAtMs: number;
};

/** Where subscriptions are kept. Throws storage errors. */
export interface SubscriptionStore {
  load(): readonly Subscription[];
  save(subscription: Subscription): Promise<void>;
  delete(id: SubscriptionId): Promise<void>;
}
