import { KeyedMutex } from "../../kernel/async/keyed-mutex.ts";
import type { Clock } from "../../kernel/clock.ts";
import { TriggerId } from "../../kernel/ids.ts";
import { JsonObject } from "../../kernel/json.ts";
import type { TriggerSpec } from "../../kernel/triggers/trigger-spec.ts";
import { causeOf, type Message, writeMessage } from "../../messaging/acl/index.ts";
import type { AgentHandler, Delivered, Settlement } from "../../messaging/router/index.ts";
import type { Firing } from "../firing.ts";
import { newFire, runIdOf } from "../slots.ts";
import type { Fire, Trigger, TriggerStore } from "../trigger.ts";

type MessageSpec = Extract<TriggerSpec, { kind: "message" }>;

/** Topics and mailboxes of the router. */
export type MessagePorts = {
  /** Delivers matching messages to a mailbox until disposed. */
  readonly listen: (
    subscription: Pick<Trigger, "workspace"> & { readonly subscriber: string } & Pick<MessageSpec, "topic"> &
      Required<Pick<MessageSpec, "performative" | "sender" | "where">>,
  ) => Disposable;
  /** Sets the handler of the mailboxes with a prefix. */
  readonly attach: (prefix: string, handler: AgentHandler) => Disposable;
  readonly pause: (workspace: string, mailbox: string, isPaused: boolean) => void;
  /** `hops` and `trail` of messages that are sent because of one. */
  readonly follow: (delivered: Delivered) => Pick<Message, "hops" | "trail">;
};

export type MessageSourceParts = {
  readonly store: TriggerStore;
  readonly clock: Clock;
  readonly firing: Firing;
  readonly messages: MessagePorts;
};

type Listening = Pick<Trigger, "workspace" | "agent" | "updatedAtMs"> & Disposable;
type Key = Pick<Trigger, "workspace" | "id">;

const MAILBOX = "caxton.trigger.";
const mailboxOf = (id: TriggerId): string => MAILBOX + id;

const DONE: Settlement = { type: "done" };
const POSTPONED: Settlement = { type: "postponed" };
const NOT_PUBLISHED: Settlement = {
  type: "rejected",
  code: "AGENT_NOT_FOUND",
  reason: "a trigger receives the messages of its topic only",
};

/**
 * Messages that fire triggers. Each message trigger has a mailbox, which receives what its subscription matches.
 * triggers.messages.M1. A message is settled after its event is on disk. The event's key and its run follow from the message, so a
 *   message that is delivered again starts nothing.
 * triggers.messages.M2. While as many events of a trigger wait as may, its messages stay in its mailbox, in their order.
 * triggers.messages.M3. Messages of its run carry the trail of the message, so a trigger that fires itself is stopped like agents
 *   that answer each other.
 */
export class MessageSource implements AgentHandler, Disposable {
  readonly #parts: MessageSourceParts;
  readonly #listening = new Map<TriggerId, Listening>();
  readonly #receiving = new KeyedMutex<TriggerId>();
  /** Deliveries of paused mailboxes that are still to be returned, by trigger. */
  readonly #postponed = new Map<TriggerId, PromiseWithResolvers<Settlement>[]>();
  readonly #paused = new Set<TriggerId>();
  #attached: Disposable | undefined;

  constructor(parts: MessageSourceParts) {
    this.#parts = parts;
    for (const trigger of parts.store.firing("message")) this.#set(trigger.id, trigger);
  }

  /** From now on, messages fire triggers. */
  start(): void {
    this.#attached = this.#parts.messages.attach(MAILBOX, this);
  }

  /** To be called after a change of a trigger, and after one of its events was settled. */
  changed({ workspace, id }: Key): void {
    this.#set(id, this.#parts.store.find(workspace, id));
    if (!this.#paused.has(id) || this.#parts.firing.isFull({ workspace, id })) return;
    this.#paused.delete(id);
    this.#parts.messages.pause(workspace, mailboxOf(id), false);
  }

  /** To be called after a deployment, which changes the triggers that the definition declares. */
  agentChanged(workspace: string, agent: string): void {
    const { store } = this.#parts;
    const isOurs = (each: Listening) => each.workspace === workspace && sameName(each.agent, agent);
    for (const [id, listening] of this.#listening) if (isOurs(listening)) this.changed({ workspace, id });
    for (const trigger of store.ofAgent(workspace, agent)) this.#set(trigger.id, trigger);
  }

  #set(id: TriggerId, trigger: Trigger | undefined): void {
    const { messages } = this.#parts;
    const before = this.#listening.get(id);
    if (trigger?.updatedAtMs === before?.updatedAtMs && trigger?.stopped === undefined) return;
    before?.[Symbol.dispose]();
    this.#listening.delete(id);
    if (trigger?.spec.kind !== "message" || !trigger.spec.enabled || trigger.stopped !== undefined) return;
    const { workspace, agent, updatedAtMs, spec } = trigger;
    const { topic, performative, sender, where } = spec;
    const listener = messages.listen({ workspace, subscriber: mailboxOf(id), topic, performative, sender, where });
    const dispose = () => listener[Symbol.dispose]();
    this.#listening.set(id, { workspace, agent, updatedAtMs, [Symbol.dispose]: dispose });
  }

  async handle(delivered: Delivered): Promise<Settlement> {
    const { message, recipient } = delivered;
    if (message.address.type !== "topic") return NOT_PUBLISHED;
    const id = TriggerId.parse(recipient.slice(MAILBOX.length));
    const settlement = await this.#receiving.run(id, () => this.#receive(id, delivered));
    if (settlement !== POSTPONED) return this.#returnPostponed(id, settlement);
    const postponed = Promise.withResolvers<Settlement>();
    this.#postponed.set(id, [...(this.#postponed.get(id) ?? []), postponed]);
    this.#returnPostponed(id, settlement);
    return postponed.promise;
  }

  /** M2: the newest first, because each is put before the others. */
  #returnPostponed(id: TriggerId, settlement: Settlement): Settlement {
    const postponed = this.#postponed.get(id);
    if (postponed === undefined || this.#receiving.has(id)) return settlement;
    this.#postponed.delete(id);
    for (const { resolve } of postponed.toReversed()) resolve(POSTPONED);
    return settlement;
  }

  /** M1. */
  async #receive(id: TriggerId, delivered: Delivered): Promise<Settlement> {
    const { store, firing } = this.#parts;
    const { workspace } = delivered.message;
    const trigger = store.find(workspace, id);
    if (trigger?.spec.kind !== "message") return DONE;
    const fire = this.#fireOf(trigger, delivered);
    if (store.fireOf(trigger, fire.key) !== undefined) return DONE;
    if (!trigger.spec.enabled || trigger.stopped !== undefined) {
      await firing.record(trigger, [{ ...fire, ...OFF }], undefined);
      return DONE;
    }
    if (!(await firing.admit(trigger, fire))) return this.#pause(trigger);
    // Another principal became its owner in this moment.
    if (store.fireOf(trigger, fire.key) === undefined) return { type: "failed", reason: "the trigger was changed" };
    return DONE;
  }

  #pause({ workspace, id }: Key): Settlement {
    this.#paused.add(id);
    this.#parts.messages.pause(workspace, mailboxOf(id), true);
    // The event that makes room may have been settled before.
    this.changed({ workspace, id });
    return POSTPONED;
  }

  #fireOf(trigger: Trigger, delivered: Delivered): Fire {
    const { clock, messages } = this.#parts;
    const { message } = delivered;
    const key = `message ${message.id}`;
    const { trail: _trail, ...event } = JsonObject.parse(JSON.parse(writeMessage(message)));
    const cause = causeOf(message, messages.follow(delivered));
    const source = { type: "message", cause, onBehalfOf: message.onBehalfOf } as const;
    const fire = newFire(trigger, { key, atMs: message.atMs, firedAtMs: clock.nowMs(), event, source });
    return { ...fire, runId: runIdOf(trigger, key, message.atMs) };
  }

  [Symbol.dispose](): void {
    this.#attached?.[Symbol.dispose]();
    for (const listening of this.#listening.values()) listening[Symbol.dispose]();
  }
}

const OFF = {
  outcome: "skipped",
  reason: "the trigger was disabled or had stopped",
  event: undefined,
  source: undefined,
} as const;
const sameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
