import * as fc from "fast-check";
import { expect, test } from "vitest";
import { recordViolation, QUARANTINE, type QuarantineState, stateAt, TRUSTED } from "./quarantine.ts";

// verifies("tool.quarantine")

const violations = (standing: QuarantineState, ...timesMs: readonly number[]): QuarantineState =>
  timesMs.reduce((before, atMs) => recordViolation(before, atMs, "t.x: fuel"), standing);

test("five broken limits within a minute lead to a minute of quarantine that says why", () => {
  const standing = violations(TRUSTED, 0, 1_000, 2_000, 3_000, 59_000);
  expect(standing).toEqual({
    state: "quarantined",
    untilMs: 119_000,
    reason: "it broke its limits 5 times in 60 s, the last time: t.x: fuel",
  });
  expect(stateAt(standing, 118_999).state).toBe("quarantined");
});

test("broken limits far apart lead to nothing", () => {
  expect(violations(TRUSTED, 0, 20_000, 40_000, 60_000, 80_000, 100_000, 120_000).state).toBe("trusted");
});

test("after quarantine comes probation, in which one broken limit is enough", () => {
  const quarantined = violations(TRUSTED, 0, 1, 2, 3, 4);
  expect(stateAt(quarantined, 60_004)).toEqual({ state: "probation", untilMs: 120_004 });
  expect(violations(quarantined, 60_010)).toMatchObject({ state: "quarantined", untilMs: 120_010 });
});

test("a minute of good behaviour on probation restores trust", () => {
  const quarantined = violations(TRUSTED, 0, 1, 2, 3, 4);
  expect(stateAt(quarantined, 120_004)).toEqual(TRUSTED);
  expect(violations(quarantined, 130_000).state).toBe("trusted");
});

test("whatever happens, quarantine ends when nothing happens any more, and is never entered by fewer than the limit", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20_000), { maxLength: 40 }), (gaps) => {
      let nowMs = 0;
      let standing = TRUSTED;
      const times: number[] = [];
      for (const gap of gaps) {
        nowMs += gap;
        const before = stateAt(standing, nowMs);
        standing = recordViolation(standing, nowMs, "x");
        times.push(nowMs);
        const recent = times.filter((at) => at > nowMs - QUARANTINE.windowMs).length;
        const isEntered = before.state === "trusted" && standing.state === "quarantined";
        expect(isEntered ? recent : QUARANTINE.violations).toBeGreaterThanOrEqual(QUARANTINE.violations);
        expect(before.state === "probation" ? standing.state : "quarantined").toBe("quarantined");
      }
      expect(stateAt(standing, nowMs + QUARANTINE.durationMs + QUARANTINE.probationMs).state).toBe("trusted");
    }),
  );
});
