import { describe, expect, test } from "vitest";
import { meter, METER_LIMITS } from "../../src/tools/sandbox/meter/index.ts";
import { assemble } from "../../src/tools/sandbox/meter/test-kits/wat.kit.ts";
import { type CaseKind, noFigures, realModules, runCase } from "./cases.ts";
import { OPERATIONS } from "./operations.ts";
import { findUnbounded } from "./mutants.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("tool.fuel");

/** Cases of one kind with consecutive seeds. Fails with the seed of the first that fails. */
function run(kind: CaseKind, seeds: number) {
  const figures = noFigures();
  const real = kind === "damaged" ? realModules() : [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    const failure = runCase(kind, seed, figures, real);
    expect({ seed, failure: failure?.what }).toEqual({ seed, failure: undefined });
  }
  return figures;
}

describe("the meter, by random modules", () => {
  test("changes nothing that a program does, and takes the fuel that an instruction by instruction count takes", () => {
    const figures = run("program", 200);
    // It says something only if all of these happen often.
    expect(figures.exact).toBeGreaterThan(800);
    expect(figures.traps).toBeGreaterThan(60);
    expect(figures.exceptions).toBeGreaterThan(30);
    expect(figures.stopped).toBeGreaterThan(120);
  });

  test("refuses a changed program, or makes of it something valid and bounded", () => {
    const figures = run("mutant", 150);
    expect(figures.refused).toBeGreaterThan(300);
    expect(figures.metered).toBeGreaterThan(50);
  });

  test("refuses a changed tool, or makes of it something valid and bounded", () => {
    const figures = run("damaged", 60);
    expect(figures.refused).toBeGreaterThan(20);
  });

  test("refuses noise, or makes of it something valid and bounded", () => {
    expect(run("noise", 4000).refused).toBeGreaterThan(2000);
  });

  test("is tried with every instruction that computes", () => {
    expect(OPERATIONS.length).toBeGreaterThan(380);
  });
});

describe("bounds", () => {
  const wat = `(module (import "a" "f" (func)) (import "a" "m" (memory 1)) (import "a" "t" (table 1 funcref))
    (import "a" "g" (global i32)) (table 1 externref) (func) (start 1))`;

  test("are found wanting in a module as it comes", () => {
    expect(findUnbounded(assemble(wat), METER_LIMITS)).toContain("bounds are left");
    expect(findUnbounded(assemble("(module (memory 1 60000))"), METER_LIMITS)).toContain("60000");
    expect(findUnbounded(assemble("(module (func) (start 0))"), METER_LIMITS)).toBe("a start is left");
  });

  test("are all there once it is metered", () => {
    expect(findUnbounded(meter(assemble(wat)).bytes, METER_LIMITS)).toBe(null);
  });
});
