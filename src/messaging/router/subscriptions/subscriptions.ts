import { compileExpression, type Expression } from "../../../text/expressions/index.ts";
import { type Clock } from "../../../kernel/clock.ts";
import { mint, SubscriptionId } from "../../../kernel/ids.ts";
import { JsonObject } from "../../../kernel/json.ts";
import { topicProblem } from "../../../kernel/triggers/topic.ts";
import { type Message, writeMessage } from "../../acl/index.ts";
import { type Subscription, type SubscriptionStore } from "../ports/index.ts";
import { SubscriptionNotFoundError, SubscriptionsFullError, TopicInvalidError } from "./errors.ts";
import { TopicTrie } from "./topic-trie.ts";

const SUBSCRIPTIONS_MAX = 10_000;
const VARIABLES = ["message"];

/** The conditions of a subscription; absent ones always hold. */
export type SubscriptionDraft = Pick<Subscription, "workspace" | "subscriber" | "topic"> &
  Partial<Pick<Subscription, "performative" | "sender" | "where">>;

type Listened = Omit<Subscription, "id" | "createdAtMs">;
type Listener<Kind extends Listened = Listened> = {
  readonly subscription: Kind;
  readonly where: Expression | undefined;
};

/** Those of one pattern, by the act and the sender that they ask for; empty is any. */
class Bucket {
  readonly #listeners = new Map<string, Set<Listener>>();

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  add(listener: Listener): void {
    const key = keyOf(listener.subscription);
    this.#listeners.set(key, (this.#listeners.get(key) ?? new Set()).add(listener));
  }

  delete(listener: Listener): void {
    const key = keyOf(listener.subscription);
    const listeners = this.#listeners.get(key);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(key);
  }

  /** Those whose act and sender fit: four look-ups, however many there are. */
  *find({ performative, sender }: Message): Iterable<Listener> {
    for (const key of [`${performative}|${sender}`, `${performative}|`, `|${sender}`, "|"])
      yield* this.#listeners.get(key) ?? [];
  }
}

const keyOf = ({ performative, sender }: Listened): string => `${performative ?? ""}|${sender ?? ""}`;

/**
 * Who wants what is published. Kept in memory; on disk too.
 * subscriptions.S1. Topic, act and sender are looked up; an expression is evaluated only where they fit.
 * subscriptions.S2. An expression that fails for a message does not want it.
 */
export class Subscriptions {
  readonly #store: SubscriptionStore;
  readonly #clock: Clock;
  readonly #all = new Map<string, Listener<Subscription>>();
  readonly #internal = new Set<Listener>();
  readonly #topics = new Map<string, TopicTrie<Bucket>>();
  readonly #buckets = new Map<string, Bucket>();

  constructor(store: SubscriptionStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    for (const subscription of store.load()) this.#add(listenerOf(subscription));
  }

  /** Those of one subscriber, or all. */
  list(workspace: string, subscriber?: string): readonly Subscription[] {
    return [...this.#all.values()]
      .map(({ subscription }) => subscription)
      .filter((each) => each.workspace === workspace && each.subscriber === (subscriber ?? each.subscriber));
  }

  /**
   * The same subscription twice is one. The subscriber's name is the caller's to check. Throws TopicInvalidError,
   * ExpressionInvalidError, SubscriptionsFullError.
   */
  async subscribe(draft: SubscriptionDraft): Promise<Subscription> {
    const { workspace, subscriber, topic, performative, sender, where } = draft;
    const problem = topicProblem(topic);
    if (problem !== undefined) throw new TopicInvalidError(topic, problem);
    const asked = { workspace, subscriber, topic, performative, sender, where };
    const own = this.list(workspace);
    const same = own.find((each) => each.subscriber === subscriber && isSame(each, asked));
    if (same !== undefined) return same;
    if (own.length >= SUBSCRIPTIONS_MAX) throw new SubscriptionsFullError(SUBSCRIPTIONS_MAX);
    const listener = listenerOf({ ...asked, id: mint(SubscriptionId), createdAtMs: this.#clock.nowMs() });
    await this.#store.save(listener.subscription);
    this.#add(listener);
    return listener.subscription;
  }

  /** Subscribes a part of the server until disposed: in memory, and not listed. The topic and the expression are valid. */
  listen(subscription: Listened): Disposable {
    const listener = listenerOf(subscription);
    this.#internal.add(listener);
    this.#listen(listener);
    return { [Symbol.dispose]: () => this.#internal.delete(listener) && this.#stop(listener) };
  }

  /** Throws SubscriptionNotFoundError. */
  async unsubscribe(workspace: string, id: string): Promise<void> {
    const listener = this.#all.get(id);
    if (listener?.subscription.workspace !== workspace) throw new SubscriptionNotFoundError(id);
    await this.#store.delete(listener.subscription.id);
    this.#remove(listener);
  }

  /** Forgets the subscriptions of a workspace that is deleted. */
  deleteWorkspace(workspace: string): void {
    for (const listener of this.#all.values())
      if (listener.subscription.workspace === workspace) this.#remove(listener);
    for (const listener of this.#internal) {
      if (listener.subscription.workspace !== workspace) continue;
      this.#internal.delete(listener);
      this.#stop(listener);
    }
  }

  #add(listener: Listener<Subscription>): void {
    this.#all.set(listener.subscription.id, listener);
    this.#listen(listener);
  }

  #remove(listener: Listener<Subscription>): void {
    this.#all.delete(listener.subscription.id);
    this.#stop(listener);
  }

  #listen(listener: Listener): void {
    const { workspace, topic } = listener.subscription;
    const key = `${workspace}/${topic}`;
    const known = this.#buckets.get(key);
    const bucket = known ?? new Bucket();
    bucket.add(listener);
    if (known !== undefined) return;
    this.#buckets.set(key, bucket);
    const trie = this.#topics.get(workspace) ?? new TopicTrie<Bucket>();
    trie.add(topic, bucket);
    this.#topics.set(workspace, trie);
  }

  #stop(listener: Listener): void {
    const { workspace, topic } = listener.subscription;
    const bucket = this.#buckets.get(`${workspace}/${topic}`);
    bucket?.delete(listener);
    if (bucket?.isEmpty !== true) return;
    this.#buckets.delete(`${workspace}/${topic}`);
    this.#topics.get(workspace)?.delete(topic, bucket);
  }

  /** Names of those who want the message that is published under `topic`, each once. */
  subscribers(message: Message, topic: string): ReadonlySet<string> {
    const names = new Set<string>();
    let values: JsonObject | undefined;
    for (const bucket of this.#topics.get(message.workspace)?.find(topic) ?? []) {
      for (const { subscription, where } of bucket.find(message)) {
        if (names.has(subscription.subscriber)) continue;
        if (where !== undefined) {
          values ??= { message: JsonObject.parse(JSON.parse(writeMessage(message))) };
          if (!where.test(values)) continue;
        }
        names.add(subscription.subscriber);
      }
    }
    return names;
  }
}

const listenerOf = <Kind extends Listened>(subscription: Kind): Listener<Kind> => ({
  subscription,
  where: subscription.where === undefined ? undefined : compileExpression(subscription.where, { variables: VARIABLES }),
});

const isSame = (one: Subscription, other: Omit<Subscription, "id" | "createdAtMs">): boolean =>
  one.topic === other.topic &&
  one.performative === other.performative &&
  one.sender === other.sender &&
  one.where === other.where;
