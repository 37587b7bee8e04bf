import * as fc from "fast-check";
import { expect, test } from "vitest";
import { costAtMost, costOf, outputWithin, type Price, PriceTable } from "./prices.ts";
import builtIn from "./prices.json" with { type: "json" };

// verifies("model.accounting")

const table = new PriceTable();

test("every price says where it was read and when", () => {
  const entries = Object.entries(builtIn.models);
  expect(entries.length).toBeGreaterThan(40);
  for (const [name, entry] of entries) {
    expect(entry.source, name).not.toBe("");
    expect(entry.date, name).toMatch(/^2026-\d\d-\d\d$/);
  }
});

test("a model is found by its name, by the name without a date, and by what stands for its provider", () => {
  expect(table.priceOf("openai/gpt-5-mini")?.entry).toBe("openai/gpt-5-mini");
  expect(table.priceOf("openai/gpt-5-mini-2025-08-07")?.entry).toBe("openai/gpt-5-mini");
  expect(table.priceOf("anthropic/claude-haiku-4-5-20251001")?.entry).toBe("anthropic/claude-haiku-4-5");
  expect(table.priceOf("ollama/library/llama3.1:8b")).toMatchObject({ entry: "ollama/*", input: 0, output: 0 });
  expect(table.priceOf("openai/gpt-5-miniature")).toBeUndefined();
  expect(table.priceOf("constructor")).toBeUndefined();
});

test("the operator's prices go before those that are known", () => {
  const own = new PriceTable({
    models: { "openai/gpt-5-mini": { input: 9, output: 9 }, "ollama/big": { input: 1, output: 1 } },
  });
  expect(own.priceOf("openai/gpt-5-mini")?.input).toBe(9);
  expect(own.priceOf("ollama/big")?.input).toBe(1);
  expect(own.priceOf("ollama/small")?.input).toBe(0);
});

test("a call costs its plain, cached, cache-writing and output tokens, rounded up to a millionth", () => {
  const price: Price = { entry: "x", input: 2, cached_input: 0.2, cache_write: 2.5, output: 10 };
  expect(costOf(price, { input: 1_000, cachedInput: 400, cacheWrite: 100, output: 50 })).toBe(1_000 + 80 + 250 + 500);
  expect(costOf(price, { input: 1, cachedInput: 1, cacheWrite: 0, output: 0 })).toBe(1);
  expect(
    costOf({ entry: "x", input: 0.1, output: 0.3 }, { input: 30, cachedInput: 0, cacheWrite: 0, output: 10 }),
  ).toBe(6);
});

test("a call with a long input is charged whole at the higher price", () => {
  const above = { input_tokens: 200_000, input: 2.5, output: 15 };
  const price: Price = { entry: "x", input: 1.25, output: 10, above };
  const call = (input: number) => costOf(price, { input, cachedInput: 0, cacheWrite: 0, output: 1_000 });
  expect(call(200_000)).toBe(250_000 + 10_000);
  expect(call(200_001)).toBe(500_003 + 15_000);
});

const rate = fc.integer({ min: 0, max: 2_000 }).map((cents) => cents / 100);
const anyPrice = fc.record({
  entry: fc.constant("x"),
  input: rate,
  cached_input: fc.option(rate, { nil: undefined }),
  cache_write: fc.option(rate, { nil: undefined }),
  output: rate,
});

test("what is reserved is never less than what a call within it costs", () => {
  const tokens = fc.nat(500_000);
  fc.assert(
    fc.property(
      anyPrice,
      tokens,
      tokens,
      fc.tuple(fc.nat(50), fc.nat(50)),
      (price, input, output, [cached, written]) => {
        const cachedInput = Math.floor((input * cached) / 100);
        const cacheWrite = Math.floor((input * written) / 100);
        const cheap = { ...price, cached_input: Math.min(price.cached_input ?? price.input, price.input) };
        const real = costOf(cheap, { input, cachedInput, cacheWrite, output });
        expect(real).toBeLessThanOrEqual(costAtMost(cheap, input, output) + 1);
      },
    ),
  );
});

test("the longest answer that a sum allows costs no more than it, and one token more would", () => {
  fc.assert(
    fc.property(anyPrice, fc.nat(100_000), fc.nat(3_000_000), (price, input, usdMicros) => {
      const output = outputWithin(price, input, usdMicros);
      const allowed = output < 0 ? 0 : output;
      // Not even the input is within it, or that answer is, and a longer one is not.
      const isWithin = costAtMost(price, input, allowed) <= usdMicros;
      const isLongest = price.output === 0 || costAtMost(price, input, allowed + 2) >= usdMicros;
      expect({ isWithin, isLongest }).toEqual({ isWithin: output >= 0, isLongest: true });
    }),
  );
});

test("models of a provider on this machine cost nothing, unless the operator says otherwise", () => {
  const own = new PriceTable({ models: { "openai/mine": { input: 2, output: 3 } } }, ["openai"]);
  expect(own.priceOf("openai/gpt-5-mini")).toMatchObject({ input: 0, output: 0, entry: "openai/*" });
  expect(own.priceOf("openai/mine")).toMatchObject({ input: 2 });
  expect(own.priceOf("anthropic/claude-sonnet-4-5")?.input).toBeGreaterThan(0);
});
