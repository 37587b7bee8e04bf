import { expect, test } from "vitest";
import { scripted, type ScriptedTurnInput } from "../../../src/models/vendors/index.ts";
import { ModelTraffic, NO_LIMITS, type TrafficOptions } from "../../../src/models/traffic/index.ts";
import type { LanguageModel, ModelChoice, ModelPart } from "../../../src/models/port/language-model.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { freshEngine } from "../../helpers/engine.ts";
import { ManualClock, settled } from "../../helpers/manual-clock.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("model.retry-once", "model.rate-limit", "model.circuit-breaker");

const OPTIONS: TrafficOptions = {
  limits: { a: { ...NO_LIMITS, concurrentMax: 1 } },
  breaker: { failuresMax: 3, windowMs: 60_000, openMs: 10_000 },
  idleMs: 5_000,
};
const REQUEST = {
  system: "",
  messages: [{ role: "user", text: "go" }],
  tools: [],
  settings: { temperature: undefined, outputTokensMax: undefined, headers: {}, timeoutMs: 600_000 },
} as const;
const choice = (apiKey?: string): ModelChoice => ({ model: undefined, baseUrl: undefined, apiKey });
const never = new AbortController().signal;

const world = () => {
  const clock = new ManualClock();
  const traffic = new ModelTraffic(clock, OPTIONS);
  const model = (id: string, turns: readonly ScriptedTurnInput[], key?: string) =>
    traffic.guard(scripted(turns, { id, clock }), choice(key));
  return { clock, traffic, model };
};

/** Everything of one attempt, as it comes. */
function begin(model: LanguageModel, signal = never) {
  const parts: ModelPart[] = [];
  const over = (async () => {
    for await (const part of model.stream(REQUEST, signal)) parts.push(part);
  })();
  return { parts, over };
}
const classOf = (parts: readonly ModelPart[]) =>
  parts.map((part) => (part.type === "error" ? part.failure.class : part.type)).join(" ");

test("attempts of one key wait for each other whatever their model, and those of another key do not", async () => {
  const { clock, model, traffic } = world();
  const slow = begin(model("a/one", [{ text: "1", delayMs: 2_000 }]));
  const other = begin(model("a/two", [{ text: "2" }]));
  const free = begin(model("a/one", [{ text: "3" }], "another key"));
  await clock.advance(1_000);
  expect([classOf(slow.parts), classOf(other.parts), classOf(free.parts)]).toEqual(["", "hold", "text-delta finish"]);
  expect(traffic.conditions()).toMatchObject([
    { model: "a/one", account: "", executing: 1, waiting: 1, circuit: "closed" },
    { model: "a/two", executing: 1, waiting: 1 },
    { model: "a/one", account: expect.stringMatching(/^[0-9a-f]{8}$/), executing: 0 },
  ]);
  await clock.advance(1_000);
  expect(other.parts).toContainEqual({ type: "admitted", queuedMs: 2_000 });
  expect(JSON.stringify(traffic.conditions())).not.toContain("another key");
});

test("an attempt that is cancelled, or abandoned by its reader, releases its permit", async () => {
  const { clock, model, traffic } = world();
  const stop = new AbortController();
  const first = begin(model("a/one", [{ text: "1", delayMs: 2_000 }]), stop.signal);
  await clock.advance(1);
  stop.abort();
  await first.over;
  expect(classOf(first.parts)).toBe("cancelled");
  for await (const part of model("a/one", [{ text: "abc", chunkChars: 1 }]).stream(REQUEST, never))
    if (part.type === "text-delta") break;
  expect(traffic.conditions()[0]).toMatchObject({ executing: 0, waiting: 0 });
});

test("a Retry-After of one attempt holds the others of its key back", async () => {
  const { clock, model } = world();
  await begin(model("b/one", [{ error: { class: "rate_limited", message: "slow", retryAfterMs: 4_000 } }])).over;
  const next = begin(model("b/two", [{ text: "2" }]));
  await clock.advance(3_999);
  expect(next.parts).toEqual([{ type: "hold", why: "retry-after" }]);
  await clock.advance(1);
  await next.over;
  expect(classOf(next.parts)).toBe("hold admitted text-delta finish");
});

test("a failing model is skipped, then tried once, and its circuit state is reported", async () => {
  const { clock, model, traffic } = world();
  const down = () => model("b/one", [{ error: { class: "network", message: "refused" } }]);
  for (let count = 0; count < 3; count += 1) await begin(down()).over;
  const refused = begin(down());
  await refused.over;
  expect(refused.parts).toMatchObject([{ failure: { class: "circuit_open", retryAfterMs: 10_000 } }]);
  expect(traffic.conditions()).toMatchObject([{ circuit: "open", faults: 3, retryInMs: 10_000 }]);
  await begin(model("b/two", [{ text: "fine" }])).over;
  await clock.advance(10_000);
  expect(traffic.conditions()[0]?.circuit).toBe("half-open");
  await begin(model("b/one", [{ text: "up" }])).over;
  expect(traffic.conditions()[0]?.circuit).toBe("closed");
});

test("runs that a model fails count once each, and a run that meets the open circuit says what failed first", async () => {
  const traffic = new ModelTraffic(systemClock, OPTIONS);
  const down = traffic.guard(
    scripted([{ error: { class: "bad_response", message: "no answer" } }], { id: "b/one" }),
    choice(),
  );
  await using made = freshEngine({ model: down, options: { retry: { attemptsMax: 3, totalMs: 60_000 } } });
  for (const faults of [1, 2, 3]) {
    const { view } = await made.run("go");
    expect(view.steps[0]).toMatchObject({ attempts: [{}, {}, {}].slice(0, faults === 3 ? 2 : 3) });
    expect(traffic.conditions()).toMatchObject([{ faults, circuit: faults === 3 ? "open" : "closed" }]);
  }
  const { view } = await made.run("go");
  expect(view.failure).toMatchObject({
    code: "MODEL_CIRCUIT_OPEN",
    message: expect.stringContaining("The first failure was bad_response: no answer"),
  });
}, 30_000);

test("requests that a model refuses leave its circuit closed for others", async () => {
  const { model, traffic } = world();
  const refused = { class: "invalid_request", message: "no such parameter", status: 400 } as const;
  for (let count = 0; count < 10; count += 1) await begin(model("b/one", [{ error: refused }])).over;
  expect(traffic.conditions()).toMatchObject([{ faults: 0, circuit: "closed" }]);
});

test("a stream that stalls after its first part has failed as timeout; a long silence before that has not", async () => {
  const { clock, traffic } = world();
  const stalling: LanguageModel = {
    id: "c/one",
    limits: undefined,
    async *stream(_request, signal) {
      await clock.sleep(20_000, signal);
      yield { type: "text-delta", text: "half" };
      await clock.sleep(60_000, signal).catch(() => undefined);
      yield {
        type: "error",
        failure: { class: "cancelled", message: "aborted", status: undefined, retryAfterMs: undefined },
      };
    },
  };
  const attempt = begin(traffic.guard(stalling, choice()));
  await clock.advance(24_999);
  expect(classOf(attempt.parts)).toBe("text-delta");
  await clock.advance(1);
  await attempt.over;
  expect(classOf(attempt.parts)).toBe("text-delta timeout");
});

test("a run reports how long and why an attempt waited; an open circuit sends it to its backup at once", async () => {
  const clock = new ManualClock();
  const traffic = new ModelTraffic(clock, OPTIONS);
  const slow = traffic.guard(scripted([{ text: "first", delayMs: 3_000 }], { id: "a/one", clock }), choice());
  await using made = freshEngine({ model: slow, clock });
  const one = await made.begin("1");
  await settled();
  const two = await made.begin("2");
  const isHeld = () => made.journal.read(two.id, 0).some(({ event }) => event.type === "model-throttle");
  while (!isHeld()) await settled();
  expect(made.runs.view(two.id).steps[0]).toMatchObject({ hold: "concurrency", end: { state: "running" } });
  await clock.advance(3_000);
  await one.ended;
  while (clock.sleeping === 0) await settled();
  await clock.advance(3_000);
  await two.ended;
  expect(made.runs.view(two.id).steps[0]).toMatchObject({ hold: null, end: { queuedMs: 3_000, durationMs: 3_000 } });
});

test("a run that meets an open circuit goes to its backup at once", async () => {
  const { traffic, model, clock } = world();
  const down = model("b/one", [{ error: { class: "network", message: "refused" } }]);
  for (let count = 0; count < 3; count += 1) await begin(down).over;
  expect(traffic.conditions()[0]?.circuit).toBe("open");
  await using made = freshEngine({
    model: down,
    clock,
    backups: { "c/two": scripted([{ text: "from the backup" }], { id: "c/two" }) },
    plan: { fallback: ["c/two"] },
  });
  const { view } = await made.run("go");
  expect(view.output).toBe("from the backup");
  expect(view.steps[0]).toMatchObject({ attempts: [{ class: "circuit_open", retryInMs: null, next: "c/two" }] });
});
