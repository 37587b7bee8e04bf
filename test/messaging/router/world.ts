import { TimerQueue } from "../../../src/kernel/async/timer-queue.ts";
import { type Clock } from "../../../src/kernel/clock.ts";
import { composeMessage, type Message, type MessageDraft } from "../../../src/messaging/acl/index.ts";
import {
  type AgentHandler,
  type Delivered,
  type Directory,
  type Presence,
  type Provider,
  Router,
  ROUTER_DEFAULTS,
  type RouterOptions,
  type RouterParts,
  type Settlement,
  type Subscriptions,
} from "../../../src/messaging/router/index.ts";
import { ManualClock, settled } from "../../helpers/manual-clock.ts";
import { MemoryDisk, MemoryMessageJournal } from "../../helpers/memory-message-journal.ts";

/** The agents that a test registers. */
export class TestDirectory implements Directory {
  readonly #people = new Map<string, { readonly name: string; readonly presence: Presence }>();
  #providers: Provider[] = [];
  readonly #listeners = new Set<() => void>();

  /** Agents, and participants where the name begins with `outside-`. */
  constructor(...names: readonly string[]) {
    for (const name of names) this.add(name);
  }

  add(name: string): void {
    this.#people.set(name.toLowerCase(), { name, presence: name.startsWith("outside-") ? "participant" : "agent" });
    this.#changed();
  }

  remove(name: string): void {
    this.#people.delete(name.toLowerCase());
    this.#changed();
  }

  provide(name: string, capability: string, rest: Partial<Provider> = {}): void {
    const usual = { version: "1.0.0", priority: 50, status: "active", loadScore: undefined } as const;
    this.#providers = [...this.#providers, { ...usual, ...rest, name, capability }];
    this.#byCapability.clear();
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  find(_workspace: string, name: string) {
    return this.#people.get(name.toLowerCase());
  }

  *names() {
    for (const { name } of this.#people.values()) yield name;
  }

  readonly #byCapability = new Map<string, readonly Provider[]>();

  providers(_workspace: string, capability: string): readonly Provider[] {
    const known = this.#byCapability.get(capability);
    if (known !== undefined) return known;
    const found = this.#providers.filter((provider) => provider.capability === capability);
    this.#byCapability.set(capability, found);
    return found;
  }

  capabilities(): Iterable<string> {
    return new Set(this.#providers.map(({ capability }) => capability));
  }

  readonly #descriptions = new Map<string, readonly string[]>();

  describe(capability: string, ...descriptions: readonly string[]): void {
    this.#descriptions.set(capability, descriptions);
  }

  descriptions(_workspace: string, capability: string): readonly string[] {
    return this.#descriptions.get(capability) ?? [];
  }

  watch(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }
}

/** An agent that remembers what came and does what the test says. */
export class TestAgent implements AgentHandler {
  readonly got: Delivered[] = [];
  answer: (delivered: Delivered, signal: AbortSignal) => Settlement | Promise<Settlement> = () => ({ type: "done" });

  async handle(delivered: Delivered, signal: AbortSignal): Promise<Settlement> {
    this.got.push(delivered);
    return this.answer(delivered, signal);
  }

  /** The texts that came, in order. */
  get texts(): readonly string[] {
    return this.got.map(({ message }) => textOf(message));
  }
}

export const textOf = ({ content }: Message): string => (content.type === "text" ? content.text : "");

/** Everything but time and the disk is real. */
export type World = {
  readonly clock: ManualClock;
  readonly disk: MemoryDisk;
  readonly directory: TestDirectory;
  readonly router: Router;
  readonly agent: TestAgent;
};

type WorldParts = {
  readonly clock?: Clock;
  readonly disk?: MemoryDisk;
  readonly directory?: TestDirectory;
  readonly options?: Partial<RouterOptions>;
  readonly chance?: () => number;
  readonly freshMax?: number;
  readonly subscriptions?: Subscriptions;
  readonly journal?: RouterParts["stores"]["journal"];
  readonly contents?: RouterParts["stores"]["contents"];
  readonly meaning?: RouterParts["meaning"];
  readonly hands?: RouterParts["stores"]["inFlightLog"];
  readonly isDeploying?: boolean;
  /** One agent for all names of the directory; else a test attaches its own. */
  readonly isAttached?: boolean;
};

export async function openWorld(parts: WorldParts = {}): Promise<World> {
  const clock = parts.clock instanceof ManualClock ? parts.clock : new ManualClock();
  const disk = parts.disk ?? new MemoryDisk();
  const directory = parts.directory ?? new TestDirectory("ann", "bob", "cid", "outside-olga");
  const router = await Router.open({
    stores: {
      journal: parts.journal ?? new MemoryMessageJournal(disk),
      contents: parts.contents,
      inFlightLog: parts.hands,
    },
    directory,
    clock: parts.clock ?? clock,
    alarm: new TimerQueue(parts.clock ?? clock),
    options: {
      ...ROUTER_DEFAULTS,
      settlementWaitMs: 0,
      isDeploying: parts.isDeploying,
      freshMax: parts.freshMax,
      ...parts.options,
    },
    subscriptions: parts.subscriptions,
    meaning: parts.meaning,
    chance: parts.chance ?? (() => 0),
  });
  const agent = new TestAgent();
  if (parts.isAttached ?? true) router.attachDeployed(agent);
  return { clock, disk, directory, router, agent };
}

/** An inform of ann's to bob that says `text`. */
export const note = (text: string, rest: Partial<MessageDraft> = {}): Message =>
  composeMessage({
    workspace: "default",
    performative: "inform",
    sender: "ann",
    address: { type: "receivers", names: ["bob"] },
    content: { type: "text", text },
    atMs: 1_000_000,
    ...rest,
  });

export const to = (...names: readonly string[]) => ({ address: { type: "receivers", names } }) as const;

/** Turns of the event loop until it is so; fails when it does not become so. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000; turn += 1) {
    if (isSo()) return;
    await settled();
  }
  throw new Error("it did not come to that");
}
