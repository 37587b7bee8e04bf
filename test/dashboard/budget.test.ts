import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { measure, overBudget } from "../../dashboard/build/budget.ts";
import { buildWhenStale, BUILT } from "./browser.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("dashboard.self-contained", "dashboard.size");

beforeAll(buildWhenStale);

test("the dashboard is as small as it promises", async () => {
  const sizes = await measure(BUILT);
  expect(overBudget(sizes)).toEqual([]);
  expect(sizes.initialScripts).toBeGreaterThan(50);
});

test("its page has no script of its own inside, which the content security policy would stop", () => {
  const page = readFileSync(join(BUILT, "index.html"), "utf8");
  const scripts = [...page.matchAll(/<script\b([^>]*)>([^<]*)/g)];
  expect(scripts.length).toBeGreaterThan(1);
  for (const [, attributes, inside] of scripts) {
    expect(attributes).toContain('src="/ui/assets/');
    expect(inside).toBe("");
  }
  expect(page).not.toMatch(/\son\w+=|style=/);
});
