import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { type AttemptOutcome, Breaker } from "../../../src/models/traffic/breaker.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("model.circuit-breaker");

const FAULT = { turn: undefined, message: "network: refused" };
const OPTIONS = { failuresMax: 3, windowMs: 10_000, openMs: 5_000 };
const make = () => {
  const clock = new ManualClock();
  return { clock, breaker: new Breaker(clock, OPTIONS) };
};
const attempt = (breaker: Breaker, outcome: AttemptOutcome) => {
  const permit = breaker.acquire();
  if (permit.type === "go") permit.end(outcome);
  return permit.type;
};

test("faults in a row open the circuit, and one probe closes it", async () => {
  const { breaker, clock } = make();
  for (let count = 0; count < 3; count += 1) expect(attempt(breaker, FAULT)).toBe("go");
  expect([breaker.state(), breaker.acquire()]).toEqual([
    "open",
    { type: "stop", retryInMs: 5_000, cause: FAULT.message },
  ]);
  await clock.advance(5_000);
  expect(breaker.state()).toBe("half-open");
  const probe = breaker.acquire();
  expect(breaker.acquire().type).toBe("stop");
  if (probe.type === "go") probe.end("answered");
  expect([breaker.state(), attempt(breaker, "answered")]).toEqual(["closed", "go"]);
});

test("a probe that fails opens it again, and one that is given up lets the next one try", async () => {
  const { breaker, clock } = make();
  for (let count = 0; count < 3; count += 1) attempt(breaker, FAULT);
  await clock.advance(5_000);
  attempt(breaker, FAULT);
  expect(breaker.state()).toBe("open");
  await clock.advance(5_000);
  attempt(breaker, "neither");
  expect(attempt(breaker, "answered")).toBe("go");
  expect(breaker.state()).toBe("closed");
});

test("an answer between faults, and time, let them be forgotten", async () => {
  const { breaker, clock } = make();
  for (const outcome of [FAULT, FAULT, "answered", FAULT, FAULT] as const) attempt(breaker, outcome);
  expect(breaker.state()).toBe("closed");
  await clock.advance(10_001);
  attempt(breaker, FAULT);
  expect([breaker.state(), breaker.faults]).toEqual(["closed", 1]);
});

// traffic.breaker.B1
test("attempts of one turn count once, however many fail, and the first failure is remembered", () => {
  const { breaker } = make();
  const failed = (turn: string, message: string) => attempt(breaker, { turn, message });
  for (let count = 0; count < 5; count += 1) failed("run-1 1", `timeout ${count}`);
  expect([breaker.state(), breaker.faults]).toEqual(["closed", 1]);
  failed("run-2 1", "network");
  failed("run-1 1", "again");
  expect([breaker.state(), breaker.faults]).toEqual(["closed", 2]);
  failed("run-1 2", "overloaded");
  expect([breaker.state(), breaker.cause]).toEqual(["open", "timeout 0"]);
});

test("0 failures never open it", () => {
  const breaker = new Breaker(new ManualClock(), { ...OPTIONS, failuresMax: 0 });
  for (let count = 0; count < 100; count += 1) attempt(breaker, FAULT);
  expect(breaker.state()).toBe("closed");
});

// traffic.breaker.B1, traffic.breaker.B2
test("open, nothing is let through; half-open, one at a time", async () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant("begin" as const) }),
      fc.record({
        kind: fc.constant("end" as const),
        outcome: fc.constantFrom<AttemptOutcome>("answered", FAULT, "neither"),
      }),
      fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 6_000 }) }),
    ),
    { maxLength: 80 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const { breaker, clock } = make();
      const permits: string[] = [];
      let probesMost = 0;
      const under: { readonly end: (outcome: AttemptOutcome) => void; readonly probe: boolean }[] = [];
      for (const step of list) {
        if (step.kind === "pass") await clock.advance(step.ms);
        else if (step.kind === "end") under.shift()?.end(step.outcome);
        else {
          const state = breaker.state();
          const permit = breaker.acquire();
          permits.push(`${state} ${permit.type}`);
          if (permit.type === "go") under.push({ end: permit.end, probe: state === "half-open" });
          probesMost = Math.max(probesMost, under.filter(({ probe }) => probe).length);
        }
      }
      expect(probesMost).toBeLessThanOrEqual(1);
      expect(permits).not.toContain("open go");
      expect(permits).not.toContain("closed stop");
    }),
    { numRuns: 100 },
  );
});
