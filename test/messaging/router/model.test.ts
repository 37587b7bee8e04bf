import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TimerQueue } from "../../../src/kernel/async/timer-queue.ts";
import { Router, ROUTER_DEFAULTS } from "../../../src/messaging/router/index.ts";
import { ManualClock, settled } from "../../helpers/manual-clock.ts";
import { MemoryDisk, MemoryMessageJournal } from "../../helpers/memory-message-journal.ts";
import { note, openWorld, TestAgent, TestDirectory, textOf, to, until } from "./world.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("message.priority");

const RECIPIENTS = ["bob", "cid", "dan"] as const;
const OPTIONS = { ...ROUTER_DEFAULTS, mailboxMessagesMax: 12, window: 3, breaker: { failures: 4, pauseMs: 5_000 } };

type Step =
  | {
      readonly type: "send";
      readonly to: number;
      readonly conversation: number;
      readonly priority: number;
      readonly size: number;
    }
  | { readonly type: "again" }
  | { readonly type: "run" }
  | { readonly type: "pass"; readonly ms: number }
  | { readonly type: "jump"; readonly ms: number }
  | { readonly type: "crash" }
  | { readonly type: "disk"; readonly isFull: boolean }
  | { readonly type: "mood"; readonly mood: "well" | "failing" | "slow" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant("send" as const),
      to: fc.nat(2),
      conversation: fc.nat(2),
      priority: fc.nat(3),
      size: fc.constantFrom(1, 10, 1_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("again" as const) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("run" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("pass" as const), ms: fc.constantFrom(10, 600, 6_000, 40_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("jump" as const), ms: fc.constantFrom(-3_600_000, 3_600_000) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("crash" as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("disk" as const), isFull: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("mood" as const), mood: fc.constantFrom("well", "failing", "slow") }),
  },
);

/** A clock whose wall time can be set. */
class JumpyClock extends ManualClock {
  aheadMs = 0;

  override nowMs(): number {
    return super.monotonicMs() + this.aheadMs;
  }

  override monotonicMs(): number {
    return super.monotonicMs();
  }
}

/** The router between a disk that may be full and agents in changing moods, which may be killed at any time. */
class Subject {
  readonly clock = new JumpyClock();
  readonly disk = new MemoryDisk();
  readonly accepted = new Map<string, string>();
  /** What was handled and settled as done, by text. */
  readonly done = new Set<string>();
  /** What was begun out of its turn. */
  readonly astray: string[] = [];
  /** What failed and waits for its next attempt in this life, with its lane. */
  readonly waiting = new Map<string, string>();
  /** The newest begun in this life, by lane. */
  readonly #seen = new Set<string>();
  readonly #newest = new Map<string, number>();
  mood: "well" | "failing" | "slow" = "well";
  isFull = false;
  life = 0;
  sent = 0;
  #router: Router | undefined;
  #last: ReturnType<typeof note> | undefined;

  async open(): Promise<void> {
    this.life += 1;
    const { life, clock } = this;
    const journal = new MemoryMessageJournal(this.disk, async () => {
      if (this.isFull) throw new Error("disk full");
      // A process that is gone writes nothing more.
      if (this.life !== life) await new Promise(() => {});
    });
    const agent = new TestAgent();
    this.waiting.clear();
    this.#seen.clear();
    this.#newest.clear();
    agent.answer = async ({ message, recipient, attempt }) => {
      if (this.life !== life || recipient === "ann") return { type: "done" };
      const { mood } = this;
      const text = textOf(message);
      this.#begun({ lane: `${recipient}/${message.conversationId}`, text });
      if (mood === "slow") await clock.sleep(1_000);
      if (mood === "failing") {
        // Once the router knows: what it had delivered before then is in order.
        if (attempt < OPTIONS.attemptsMax)
          setImmediate(() => this.life === life && this.waiting.set(text, `${recipient}/${message.conversationId}`));
        return { type: "failed", reason: "a bad day" };
      }
      this.done.add(`${recipient}/${text}`);
      return { type: "done" };
    };
    const directory = new TestDirectory("ann", ...RECIPIENTS);
    const stores = { journal };
    const parts = { stores, directory, clock, alarm: new TimerQueue(clock), options: OPTIONS, chance: () => 0.5 };
    this.#router = await Router.open(parts);
    this.#router.attachDeployed(agent);
  }

  /** M2: after all that came before it in its conversation was begun, and none of that waits for another attempt. */
  #begun({ lane, text }: { readonly lane: string; readonly text: string }): void {
    const isFirst = !this.#seen.has(text);
    this.waiting.delete(text);
    this.#seen.add(text);
    if (!isFirst) return;
    const number = numberOf(text);
    const newest = this.#newest.get(lane) ?? 0;
    if (number < newest) this.astray.push(`${text} after ${newest}`);
    for (const [other, otherLane] of this.waiting)
      if (otherLane === lane && numberOf(other) < number) this.astray.push(`${text} before ${other}`);
    this.#newest.set(lane, Math.max(newest, number));
  }

  #submit(message: ReturnType<typeof note>): void {
    const { life } = this;
    this.#router?.post(message, (answer) => {
      if (this.life !== life || answer.type !== "accepted") return;
      const [recipient = ""] = answer.recipients;
      this.accepted.set(textOf(message), recipient);
    });
  }

  async take(one: Step): Promise<void> {
    switch (one.type) {
      case "send": {
        this.sent += 1;
        const recipient = RECIPIENTS[one.to] ?? "bob";
        this.#last = note(`${this.sent}:${"x".repeat(one.size)}`, {
          ...to(recipient),
          conversationId: `c${one.conversation}`,
          priority: (["low", "normal", "high", "critical"] as const)[one.priority] ?? "normal",
          atMs: this.clock.nowMs(),
        });
        return this.#submit(this.#last);
      }
      case "again":
        if (this.#last !== undefined) this.#submit(this.#last);
        return;
      case "run":
        await settled();
        return settled();
      case "pass":
        return this.clock.advance(one.ms);
      case "jump":
        this.clock.aheadMs += one.ms;
        return;
      case "crash":
        return this.open();
      case "disk":
        this.isFull = one.isFull;
        return;
      case "mood":
        this.mood = one.mood;
    }
  }

  /** All succeeds from now on, and time passes until nothing is in flight. */
  async rest(): Promise<void> {
    this.isFull = false;
    this.mood = "well";
    for (let round = 0; round < 40; round += 1) await this.clock.advance(10_000);
  }

  ended(): ReadonlyMap<string, string> {
    const ends = [...this.disk.settled.values()].map(({ seq, outcome }) => {
      const stored = this.disk.messages.get(seq);
      const { content, sender }: { content: string; sender: string } = JSON.parse(stored?.body ?? "{}");
      return [sender === "ann" ? content : "", outcome] as const;
    });
    return new Map(ends);
  }
}

describe("whatever happens (kills, a full disk, failing and slow agents, full mailboxes, a clock that jumps)", () => {
  // router.intake.I1, mailboxes.mailbox.M2, mailboxes.mailbox.M4, router.deliveries.R1, router.conversations.C3
  test("what was accepted is done or a dead letter in the end, and a conversation is begun in order in each life", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const subject = new Subject();
        await subject.open();
        for (const each of steps) await subject.take(each);
        await subject.rest();
        const ended = subject.ended();
        const wrong = [...subject.accepted].filter(([text, recipient]) => {
          const outcome = ended.get(text);
          return outcome !== "dead" && !(outcome === "done" && subject.done.has(`${recipient}/${text}`));
        });
        expect(wrong).toEqual([]);
        expect(subject.astray).toEqual([]);
      }),
      { numRuns: 150 },
    );
  }, 120_000);
});

const numberOf = (text: string): number => Number(text.split(":")[0]);

test("ten thousand agents each get theirs", async () => {
  const names = Array.from({ length: 10_000 }, (_none, index) => `agent-${index}`);
  const { router, agent, disk } = await openWorld({ directory: new TestDirectory("ann", ...names) });
  await Promise.all(names.map((name) => router.submit(note(name, to(name)))));
  await until(() => disk.settled.size === 10_000);
  expect(agent.got.every(({ recipient, message }) => recipient === textOf(message))).toBe(true);
});
