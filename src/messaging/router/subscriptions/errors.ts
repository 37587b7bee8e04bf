import { CaxtonError } from "../../../kernel/errors.ts";

/** A topic to subscribe to is words with dots between. */
export class TopicInvalidError extends CaxtonError<{ readonly topic: string }> {
  readonly code = "TOPIC_INVALID";
  readonly kind = "invalid";
  constructor(topic: string, why: string) {
    super(
      `${JSON.stringify(topic)} is no topic: ${why}`,
      'Write words with dots between; "*" stands for one word, "#" for any number, as in "orders.*.created".',
      { topic },
    );
  }
}

/** There is no subscription of that id. */
export class SubscriptionNotFoundError extends CaxtonError<{ readonly id: string }> {
  readonly code = "SUBSCRIPTION_NOT_FOUND";
  readonly kind = "not-found";
  constructor(id: string) {
    super(`there is no subscription ${id}`, "List them again.", { id });
  }
}

/** The maximum number of subscriptions of one workspace is reached. */
export class SubscriptionsFullError extends CaxtonError<{ readonly max: number }> {
  readonly code = "SUBSCRIPTIONS_FULL";
  readonly kind = "exhausted";
  constructor(max: number) {
    super(`the workspace has ${max} subscriptions`, "Delete some that are not needed.", { max });
  }
}
