import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ManualClock, settled } from "../../helpers/manual-clock.ts";
import {
  type AccountLimits,
  type Admission,
  ProviderLimiter,
  NO_LIMITS,
} from "../../../src/models/traffic/provider-limiter.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("model.rate-limit");

const never = new AbortController().signal;
const limiterOf = (limits: Partial<AccountLimits>) => {
  const clock = new ManualClock();
  return { clock, limiter: new ProviderLimiter(clock, { ...NO_LIMITS, ...limits }) };
};

function release(admission: Admission | undefined, tokens?: number): void {
  if (admission?.type !== "admitted") throw new Error(`not admitted: ${JSON.stringify(admission)}`);
  admission.permit.release(tokens);
}

/** The admissions as they come, by the order in which they were asked for. */
function request(limiter: ProviderLimiter, tokens: number, signal = never) {
  const entry = limiter.enter(tokens, signal);
  const seen: { admission: Admission | undefined } = { admission: undefined };
  void entry.admission.then((admission) => (seen.admission = admission));
  return { waitsFor: entry.waitsFor, seen };
}

test("without limits all calls start at once", async () => {
  const { limiter } = limiterOf({});
  const all = Array.from({ length: 100 }, () => request(limiter, 1_000_000));
  await settled();
  expect(all.every(({ waitsFor, seen }) => waitsFor === undefined && seen.admission?.type === "admitted")).toBe(true);
});

test("admits at most concurrentMax requests, and reports the wait of the next one", async () => {
  const { limiter, clock } = limiterOf({ concurrentMax: 1 });
  const first = request(limiter, 1);
  const second = request(limiter, 1);
  await clock.advance(700);
  expect(second).toMatchObject({ waitsFor: "concurrency", seen: { admission: undefined } });
  release(first.seen.admission);
  await settled();
  expect(second.seen.admission).toMatchObject({ type: "admitted", queuedMs: 700 });
});

test("a full queue refuses at once", async () => {
  const { limiter } = limiterOf({ concurrentMax: 1, queuedMax: 1 });
  request(limiter, 1);
  request(limiter, 1);
  const third = request(limiter, 1);
  await settled();
  expect(third.seen.admission).toMatchObject({ type: "refused", why: "full" });
});

test("the minute's requests are waited for, and a wait that would be too long is refused with the time it takes", async () => {
  const { limiter, clock } = limiterOf({ requestsPerMinute: 2, waitMaxMs: 30_000 });
  request(limiter, 1);
  request(limiter, 1);
  await clock.advance(20_000);
  const early = request(limiter, 1);
  await settled();
  expect(early.seen.admission).toEqual({ type: "refused", why: "too-long", retryInMs: 40_000 });
  await clock.advance(15_000);
  const late = request(limiter, 1);
  await clock.advance(24_999);
  expect(late).toMatchObject({ waitsFor: "requests", seen: { admission: undefined } });
  await clock.advance(1);
  expect(late.seen.admission?.type).toBe("admitted");
});

test("tokens are reserved, and corrected by what a request took", async () => {
  const { limiter, clock } = limiterOf({ tokensPerMinute: 100 });
  const first = request(limiter, 90);
  const second = request(limiter, 50);
  await settled();
  expect(second.waitsFor).toBe("tokens");
  release(first.seen.admission, 20);
  await settled();
  expect(second.seen.admission?.type).toBe("admitted");
  const huge = request(limiter, 1_000);
  await clock.advance(59_999);
  expect(huge.seen.admission).toBeUndefined();
  await clock.advance(1);
  expect(huge.seen.admission?.type).toBe("admitted");
});

test("a provider's pause applies to all calls: none starts before it ends, then they start in order", async () => {
  const { limiter, clock } = limiterOf({});
  release(await limiter.enter(1, never).admission);
  limiter.pause(5_000);
  const others = [request(limiter, 1), request(limiter, 1)];
  await clock.advance(4_999);
  expect(others.map(({ waitsFor, seen }) => [waitsFor, seen.admission])).toEqual([
    ["retry-after", undefined],
    ["retry-after", undefined],
  ]);
  await clock.advance(1);
  expect(others.map(({ seen }) => seen.admission?.type)).toEqual(["admitted", "admitted"]);
});

test("a pause that is longer than they may wait refuses those that wait already", async () => {
  const { limiter } = limiterOf({ concurrentMax: 1, waitMaxMs: 10_000 });
  request(limiter, 1);
  const waiting = [request(limiter, 1), request(limiter, 1)];
  limiter.pause(60_000);
  await settled();
  expect(waiting.map(({ seen }) => seen.admission)).toMatchObject([
    { type: "refused", why: "too-long", retryInMs: 60_000 },
    { type: "refused", why: "too-long", retryInMs: 60_000 },
  ]);
  expect(limiter.waiting).toBe(0);
});

test("an aborted request leaves the queue and admits the one behind it", async () => {
  const { limiter } = limiterOf({ tokensPerMinute: 100 });
  release(await limiter.enter(60, never).admission, 60);
  const leaving = new AbortController();
  const large = request(limiter, 80, leaving.signal);
  const small = request(limiter, 30);
  await settled();
  expect(small.seen.admission).toBeUndefined();
  leaving.abort();
  await settled();
  expect(large.seen.admission).toMatchObject({ type: "refused", why: "aborted" });
  expect(small.seen.admission?.type).toBe("admitted");
});

type Act =
  | { readonly kind: "enter"; readonly tokens: number; readonly takesMs: number; readonly used: number }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "pause"; readonly ms: number }
  | { readonly kind: "abort"; readonly which: number };

const acts = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("enter" as const),
        tokens: fc.integer({ min: 1, max: 60 }),
        takesMs: fc.integer({ min: 0, max: 40_000 }),
        used: fc.integer({ min: 0, max: 60 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 30_000 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("pause" as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("abort" as const), which: fc.nat(30) }) },
  ),
  { minLength: 1, maxLength: 40 },
);

// traffic.limiter.T1, traffic.limiter.T2, traffic.limiter.T3, traffic.limiter.T4
test("no window exceeds a limit, calls keep their order, none starves, and all permits are released", async () => {
  const limits = { concurrentMax: 3, requestsPerMinute: 5, tokensPerMinute: 150, waitMaxMs: 3_600_000 };
  await fc.assert(
    fc.asyncProperty(acts, async (list: readonly Act[]) => {
      const { limiter, clock } = limiterOf(limits);
      const begun: { readonly order: number; readonly atMs: number; readonly tokens: number }[] = [];
      const paused: { readonly fromMs: number; readonly untilMs: number }[] = [];
      const controllers: AbortController[] = [];
      const refusals: string[] = [];
      let executing = 0;
      let executingMost = 0;
      let settledCount = 0;
      const enter = async (act: Extract<Act, { kind: "enter" }>, order: number, signal: AbortSignal) => {
        const admission = await limiter.enter(act.tokens, signal).admission;
        settledCount += 1;
        if (admission.type === "refused") return refusals.push(admission.why);
        executing += 1;
        executingMost = Math.max(executingMost, executing);
        begun.push({ order, atMs: clock.monotonicMs(), tokens: act.tokens });
        await clock.sleep(act.takesMs);
        executing -= 1;
        return admission.permit.release(Math.min(act.used, act.tokens));
      };
      const entered: Promise<unknown>[] = [];
      for (const act of list) {
        if (act.kind === "pass") await clock.advance(act.ms);
        else if (act.kind === "abort") controllers[act.which]?.abort();
        else if (act.kind === "pause") {
          limiter.pause(act.ms);
          paused.push({ fromMs: clock.monotonicMs(), untilMs: clock.monotonicMs() + act.ms });
        } else {
          const controller = new AbortController();
          entered.push(enter(act, controllers.push(controller), controller.signal));
        }
        await settled();
      }
      await clock.advance(3_000_000);
      await Promise.all(entered);
      expect(settledCount).toBe(entered.length);
      expect(executingMost).toBeLessThanOrEqual(limits.concurrentMax);
      expect(refusals.every((why) => why === "aborted")).toBe(true);
      expect([executing, limiter.executing, limiter.waiting]).toEqual([0, 0, 0]);
      expect(begun.map(({ order }) => order)).toEqual(
        begun.map(({ order }) => order).toSorted((one, other) => one - other),
      );
      for (const { atMs } of begun) {
        const window = begun.filter((other) => other.atMs >= atMs && other.atMs < atMs + 60_000);
        expect(window.length).toBeLessThanOrEqual(limits.requestsPerMinute);
        expect(paused.some(({ fromMs, untilMs }) => atMs > fromMs && atMs < untilMs)).toBe(false);
      }
    }),
    { numRuns: 60 },
  );
});

// traffic.limiter.T2
test("what is reserved never exceeds the minute's tokens, in any window", async () => {
  const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 0, max: 20_000 })), {
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(sizes, async (requests) => {
      const { limiter, clock } = limiterOf({ tokensPerMinute: 100, waitMaxMs: 36_000_000 });
      const begun: { readonly atMs: number; readonly tokens: number }[] = [];
      for (const [tokens, pauseMs] of requests) {
        const note = ({ type }: Admission) => type === "admitted" && begun.push({ atMs: clock.monotonicMs(), tokens });
        void limiter.enter(tokens, never).admission.then(note);
        await clock.advance(pauseMs);
      }
      await clock.advance(4_000_000);
      expect(begun).toHaveLength(requests.length);
      for (const { atMs } of begun) {
        const window = begun.filter((other) => other.atMs >= atMs && other.atMs < atMs + 60_000);
        const held = window.reduce((sum, { tokens }) => sum + tokens, 0);
        expect(held <= 100 || window.length === 1).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});
