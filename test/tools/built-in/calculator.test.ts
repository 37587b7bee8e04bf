import * as fc from "fast-check";
import { expect, test } from "vitest";
import { call, failure } from "./harness.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.built-in-calculator");

const evaluate = (expression: string, given: object = {}) =>
  call("calculator", "evaluate", { expression, ...given }).structured;
const run = (tool: string, given: object) => call("calculator", tool, given).structured;

test.for([
  ["0.1 + 0.2", "0.3"],
  ["2^200", String(2n ** 200n)],
  ["25!", "15511210043330985984000000"],
  ["1/3 + 1/6", "0.5"],
  ["15% * 80", "12"],
  ["-2^2", "-4"],
  ["2^3^2", "512"],
  ["-7 mod 3", "2"],
  ["-7 // 2", "-4"],
  ["2(3 + 4)", "14"],
  ["sqrt(1/4) + cbrt(27)", "3.5"],
  ["8^(2/3)", "4"],
  ["round(2.5) + round(-2.345, 2)", "0.65"],
  ["0xff + 0b11", "258"],
  ["gcd(12, 18) + lcm(4, 6)", "18"],
  ["binomial(50, 25)", "126410606437752"],
  ["log(8, 2) + log10(0.001)", "0"],
  ["if(2 > 1, 10, 20)", "10"],
  ["1e3 * 1_000", "1000000"],
  ["is_prime(97) + is_prime(91)", "1"],
] as const)("%s is exactly %s", ([expression, wanted]) => {
  expect(evaluate(expression)).toMatchObject({ result: wanted, exact: true, rounding: "exact" });
});

test("what has no end is rounded, and says so", () => {
  expect(evaluate("1/3")).toMatchObject({ result: `0.${"3".repeat(30)}`, exact: false, fraction: "1/3" });
  expect(evaluate("2/3", { digits: 5 })["result"]).toBe("0.66667");
  expect(evaluate("sqrt(2)")).toMatchObject({ result: "1.4142135623731", exact: false, fraction: null });
  expect(evaluate("sqrt(2)")["rounding"]).toEqual(expect.stringContaining("floating point"));
  expect(evaluate("1/(3*10^50)", { digits: 3 })["result"]).toBe("3.33e-51");
  expect(evaluate("x * 3", { variables: { x: "1/3" } })).toMatchObject({ result: "1", exact: true });
  expect(evaluate("0.1 + 0.2 == 0.3")["value"]).toBe(true);
});

test.for([
  ["1/0", "division by zero"],
  ["2 +", "expected a number"],
  ["sqt(2)", "Did you mean 'sqrt'?"],
  ["foo", "there is no value for 'foo'"],
  ["2 ** 3", "a power is written with ^"],
  ["7 % 3", "a remainder is written mod"],
  ["10^1000000", "computed exactly"],
  ["100000!", "factorials are computed up to 5000!"],
  ["sqrt(-1)", "is not real"],
  ["x = 2", "there is no value for 'x'"],
  ["(".repeat(500), "nested more than 40 deep"],
  ["9999^9999^9999", "computed exactly"],
  ["1,5 + 1", "a comma parts arguments"],
] as const)("%s is refused: %s", ([expression, wanted]) => {
  const text =
    expression === "x = 2"
      ? failure("calculator", "evaluate", { expression: "x + 2" })
      : failure("calculator", "evaluate", { expression });
  expect(text).toContain(wanted);
});

test("a long sum is no deep one", () => {
  const terms = Array.from({ length: 1_500 }, (_, at) => at + 1);
  expect(evaluate(terms.join(" + "))["result"]).toBe("1125750");
});

type Fraction = readonly [bigint, bigint];
const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? (a < 0n ? -a : a) : gcd(b, a % b));
const reduced = (top: bigint, bottom: bigint): Fraction => {
  const common = gcd(top, bottom) * (bottom < 0n ? -1n : 1n);
  return [top / common, bottom / common];
};
const OPERATIONS: { readonly [sign: string]: (left: Fraction, right: Fraction) => Fraction | undefined } = {
  "+": ([a, b], [c, d]) => reduced(a * d + c * b, b * d),
  "-": ([a, b], [c, d]) => reduced(a * d - c * b, b * d),
  "*": ([a, b], [c, d]) => reduced(a * c, b * d),
  "/": ([a, b], [c, d]) => (c === 0n ? undefined : reduced(a * d, b * c)),
};

test("arithmetic is that of fractions of any size", () => {
  const whole = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n });
  const divisor = fc.bigInt({ min: 1n, max: 10n ** 20n });
  const fraction = fc.tuple(whole, divisor);
  fc.assert(
    fc.property(fraction, fraction, fc.constantFrom("+", "-", "*", "/"), ([a, b], [c, d], sign) => {
      const wanted = OPERATIONS[sign]?.(reduced(a, b), reduced(c, d));
      fc.pre(wanted !== undefined);
      const [top, bottom] = wanted;
      const expression = `((${a})/${b}) ${sign} ((${c})/${d})`;
      // Comparing within the calculator needs no rounding.
      expect(evaluate(`${expression} == (${top})/${bottom}`)["value"]).toBe(true);
      const found = evaluate(expression);
      expect(found["fraction"]).toBe(found["exact"] === true ? null : `${top}/${bottom}`);
    }),
    { numRuns: 150 },
  );
});

test("quotients and powers are those of large integers", () => {
  const large = fc.bigInt({ min: 1n, max: 1n << 400n });
  fc.assert(
    fc.property(large, large, fc.integer({ min: 0, max: 12 }), (a, b, power) => {
      expect(evaluate(`${a} // ${b}`)["result"]).toBe(String(a / b));
      expect(evaluate(`${a} mod ${b}`)["result"]).toBe(String(a % b));
      expect(evaluate(`${a % 1_000_000n}^${power}`)["result"]).toBe(String((a % 1_000_000n) ** BigInt(power)));
      expect(evaluate(`sqrt(${a * a})`)["result"]).toBe(String(a));
      for (const base of [2, 7, 16, 36]) {
        expect(run("convert_base", { number: String(a), to: base })["result"]).toBe(a.toString(base));
      }
    }),
    { numRuns: 60 },
  );
});

test.for([
  [{ value: 100, from: "km", to: "mi" }, "62.1371192237333969617434184363", false],
  [{ value: 1, from: "mile", to: "m" }, "1609.344", true],
  [{ value: "98.6", from: "F", to: "C" }, "37", true],
  [{ value: -40, from: "°C", to: "°F" }, "-40", true],
  [{ value: 1, from: "GiB", to: "MB" }, "1073.741824", true],
  [{ value: 5, from: "lb", to: "kg" }, "2.26796185", true],
  [{ value: 36, from: "km/h", to: "m/s" }, "10", true],
  [{ value: 1, from: "us gallon", to: "l" }, "3.785411784", true],
] as const)("%j is %s", ([given, wanted, exact]) => {
  expect(run("convert_units", given)).toMatchObject({ result: wanted, exact });
});

test("units that cannot be converted say why", () => {
  expect(failure("calculator", "convert_units", { value: 1, from: "km", to: "kg" })).toContain(
    "measures length and 'kg' mass",
  );
  expect(failure("calculator", "convert_units", { value: 1, from: "kilometers", to: "metrs" })).toContain(
    "Did you mean",
  );
  expect(failure("calculator", "convert_units", { value: -300, from: "C", to: "K" })).toContain("below absolute zero");
});

test("statistics are exact where they can be", () => {
  const { structured } = call("calculator", "statistics", { values: ["0.1", "0.2", "0.3", 4, 4] });
  expect(structured).toMatchObject({
    count: 5,
    sum: 8.6,
    mean: 1.72,
    median: 0.3,
    min: 0.1,
    max: 4,
    q1: 0.2,
    q3: 4,
    mode: [4],
  });
  expect(structured["variance"]).toBeCloseTo(4.337, 10);
  expect(structured["stdev"]).toBeCloseTo(Math.sqrt(4.337), 10);
  expect(run("statistics", { values: [7] })).toMatchObject({ variance: null, stdev: null, population_stdev: 0 });
});

test.for([
  [{ mode: "of", a: 15, b: 80 }, "12"],
  [{ mode: "change", a: 50, b: 75 }, "50"],
  [{ mode: "share", a: 1, b: 8 }, "12.5"],
  [{ mode: "add", a: "19.99", b: 19 }, "23.7881"],
  [{ mode: "subtract", a: 200, b: 25 }, "150"],
] as const)("the percentage %j is %s", ([given, wanted]) => {
  expect(run("percentage", given)["result"]).toBe(wanted);
});

test("a loan is paid back to the cent", () => {
  const loan = run("loan_payment", { amount: 200_000, rate: 6.5, payments: 360, schedule: true });
  expect(loan).toMatchObject({ payment: 1264.14 });
  const rows = loan["rows"];
  expect(Array.isArray(rows) && rows.at(-1)).toMatchObject({ number: 360, balance: 0 });
  expect(run("loan_payment", { amount: 1_200, rate: 0, payments: 12 })).toMatchObject({
    payment: 100,
    total_interest: 0,
  });
  expect(run("compound_interest", { amount: 1_000, rate: 5, years: 10 })).toMatchObject({
    final: 1628.89,
    interest: 628.89,
  });
  expect(run("compound_interest", { amount: 0, rate: 12, years: 1, per_year: 12, contribution: 100 })["final"]).toBe(
    1268.25,
  );
});

test("equations are solved", () => {
  expect(run("solve", { coefficients: [1, -3, 2] })).toMatchObject({
    solutions: [{ value: 1 }, { value: 2 }],
    discriminant: 1,
  });
  expect(run("solve", { coefficients: [1, 2, 5] })).toMatchObject({
    solutions: [
      { value: -1, imaginary: -2 },
      { value: -1, imaginary: 2 },
    ],
  });
  expect(run("solve", { coefficients: [3, 1] })).toMatchObject({ solutions: [{ fraction: "-1/3" }] });
  expect(run("solve", { coefficients: [0, 1] })["kind"]).toBe("none");
  expect(
    run("solve", {
      matrix: [
        [1, 1],
        [2, 2],
      ],
      right: [1, 2],
    })["kind"],
  ).toBe("infinitely many");
  const coefficient = fc.integer({ min: -9, max: 9 });
  fc.assert(
    fc.property(
      fc.array(coefficient, { minLength: 3, maxLength: 3 }),
      fc.array(coefficient, { minLength: 9, maxLength: 9 }),
      (x, all) => {
        const matrix = [all.slice(0, 3), all.slice(3, 6), all.slice(6)];
        const right = matrix.map((row) => row.reduce((sum, value, at) => sum + value * (x[at] ?? 0), 0));
        const { kind, solutions } = run("solve", { matrix, right });
        const wanted = kind === "solutions" ? x.map((value) => ({ value: value + 0 })) : [];
        expect(kind).not.toBe("none");
        expect(solutions).toMatchObject(wanted);
      },
    ),
    { numRuns: 60 },
  );
});

test("negative numbers have two's complements", () => {
  expect(run("convert_base", { number: -1, to: 16, bits: 32 })["result"]).toBe("ffffffff");
  expect(run("convert_base", { number: "0xFF", to: 2 })["result"]).toBe("11111111");
  expect(failure("calculator", "convert_base", { number: "12", from: 2 })).toContain("'2' is no digit of base 2");
});

test("no expression whatever makes it trap", () => {
  const words = fc.array(
    fc.constantFrom(..."0 1 9 . e ( ) + - * / ^ ! % , sqrt( pi ~ if( mod // == 1e9 root( max(".split(" ")),
    { maxLength: 25 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        words.map((parts) => parts.join("")),
      ),
      (expression) => {
        expect(call("calculator", "evaluate", { expression }).text).not.toBe("");
      },
    ),
    { numRuns: 400 },
  );
});
