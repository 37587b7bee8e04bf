import { expect, test } from "vitest";
import { limitsOf, showDigits } from "./amounts.ts";
import { explain } from "./refusal.ts";

// verifies("budget.refusal")

test("amounts are shown in the units that people write", () => {
  expect(showDigits("usd", 500_000)).toBe("0.50");
  expect(showDigits("usd", 1_234)).toBe("0.001234");
  expect(showDigits("usd", 12_500_000)).toBe("12.50");
  expect(showDigits("seconds", 12_340)).toBe("12.3");
  expect(showDigits("seconds", 60_000)).toBe("60");
  expect(showDigits("tokens", 1_234_567)).toBe("1,234,567");
});

test("limits know their key and file, and what is not set has none", () => {
  const limits = limitsOf({ usd: 0.5, seconds: 1.5 }, { name: "budget", per: "run" }, () => "a.toml");
  expect(limits).toEqual({
    usd: { max: 500_000, key: "budget.usd", file: "a.toml", per: "run" },
    seconds: { max: 1_500, key: "budget.seconds", file: "a.toml", per: "run" },
  });
});

test("a refusal names the budget, what is used and reserved, and where to change it", () => {
  const limit = { max: 500_000, key: "budget.usd", file: "x.toml", per: "run" } as const;
  const shortage = { kind: "usd", scope: "agent x", limit, used: 500_000, reserved: 0, needed: 20_000 } as const;
  expect(explain({ ...shortage, mayFitLater: false })).toEqual({
    message: "budget.usd of agent x: 0.50 of 0.50 USD used; the next call may need 0.02",
    hint: "Raise budget.usd in x.toml.",
  });
  const daily = { ...limit, key: "budgets.day.usd", file: "/etc/caxton.toml:4", per: "day" } as const;
  expect(explain({ ...shortage, limit: daily, scope: "this server", reserved: 10_000, mayFitLater: true })).toEqual({
    message:
      "budgets.day.usd of this server: 0.50 of 0.50 USD used today, 0.01 reserved by calls in flight; the next call may need 0.02",
    hint: "Raise budgets.day.usd in /etc/caxton.toml:4, or wait for the next day.",
  });
});
