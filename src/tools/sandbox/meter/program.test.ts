import * as fc from "fast-check";
import { expect, test } from "vitest";
import { counted, Guest, PLENTY, trio } from "./test-kits/guest.kit.ts";
import { METER_LIMITS } from "./index.ts";
import { largestBodyPrice } from "./test-kits/oracle.kit.ts";
import { program } from "./test-kits/program.kit.ts";

// verifies("tool.fuel")

const argument = fc.integer({ min: -2, max: 8 });
const LIMITS = { ...METER_LIMITS, memoryPagesMax: 3, tableSlotsMax: 20 };
const PAGE_FUEL = 512;

test("a metered program does what the program does, and uses the fuel that is counted", { timeout: 30_000 }, () => {
  fc.assert(
    fc.property(program, argument, ({ wat, throws }, value) => {
      const { plain, guest, oracle } = trio(wat, LIMITS);
      const expected = plain.call("f", value);
      const { ending, used } = guest.spend("f", value);
      expect(ending).toEqual(expected);
      expect(Buffer.compare(guest.memory(), plain.memory())).toBe(0);
      expect(oracle.call("f", value)).toEqual(expected);
      const count = counted(oracle);
      // A trap or an exception from below leaves a stretch half-way that was paid whole.
      const endedEverywhere = ending.type === "value" && !throws;
      expect(endedEverywhere ? used === count : used >= count).toBe(true);
    }),
    { numRuns: 120 },
  );
});

// meter.plan.P3
test(
  "a program given too little fuel always stops at the same place, soon after the fuel is gone",
  { timeout: 30_000 },
  () => {
    fc.assert(
      fc.property(program, argument, fc.double({ min: 0, max: 1, noNaN: true }), ({ wat }, value, share) => {
        const { guest, metered } = trio(wat, LIMITS);
        const { ending, used } = guest.spend("f", value);
        const given = (used * BigInt(Math.floor(share * 1e6))) / 1_000_000n;
        fc.pre(given < used);
        const [first, second] = [new Guest(metered.bytes), new Guest(metered.bytes)].map((again) => {
          again.fuel = given;
          return {
            ending: again.call("f", value),
            left: again.fuel,
            memory: Buffer.from(again.memory()).toString("latin1"),
          };
        });
        expect(first).toEqual(second);
        // What is left after the last check may still come to its end.
        expect([{ type: "trap", text: "unreachable" }, ending]).toContainEqual(first?.ending);
        const debtMax = largestBodyPrice(wat) + PAGE_FUEL * LIMITS.memoryPagesMax;
        expect(Number(first?.left)).toBeLessThan(0);
        expect(Number(first?.left)).toBeGreaterThanOrEqual(-debtMax);
      }),
      { numRuns: 80 },
    );
  },
);

test("fuel that is just enough is enough", () => {
  fc.assert(
    fc.property(program, argument, ({ wat }, value) => {
      const { guest, metered } = trio(wat, LIMITS);
      const { ending, used } = guest.spend("f", value);
      const again = new Guest(metered.bytes);
      again.fuel = used;
      expect(again.call("f", value)).toEqual(ending);
      expect(again.fuel).toBe(0n);
      expect(used).toBeLessThan(PLENTY);
    }),
    { numRuns: 50 },
  );
});
