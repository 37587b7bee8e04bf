import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import * as z from "zod";
import { stands } from "./browser.ts";

const require = createRequire(import.meta.url);
/** Each loaded page compiles it again, so the short form. */
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const Violations = z.array(
  z.object({ id: z.string(), nodes: z.array(z.object({ target: z.array(z.string()), failureSummary: z.string() })) }),
);

const isDark = async (page: Page): Promise<boolean> =>
  (await page.evaluate("getComputedStyle(document.documentElement).colorScheme")) === "dark";

/** What keeps people from using the page as it is now, in words. */
export async function violations(page: Page): Promise<readonly string[]> {
  return check(page, "{ preload: false, resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } }");
}

/** The same in both themes; in the other one only what colours have to do with is looked at again. */
export async function violationsInBothThemes(page: Page): Promise<readonly string[]> {
  await page.emulateMedia({ colorScheme: "light" });
  const light = await violations(page);
  expect(await isDark(page)).toBe(false);
  const dark = await inTheDark(page, () =>
    check(page, "{ preload: false, resultTypes: ['violations'], runOnly: ['color-contrast', 'link-in-text-block'] }"),
  );
  return [...light, ...dark];
}

/** For a page that was looked at in the light on another screen: to look takes longer than to open it. */
export async function violationsInTheDark(page: Page): Promise<readonly string[]> {
  return inTheDark(page, () => violations(page));
}

async function inTheDark(page: Page, look: () => Promise<readonly string[]>): Promise<readonly string[]> {
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(() => isDark(page), { timeout: 15_000 }).toBe(true);
  const dark = await look();
  await page.emulateMedia({ colorScheme: "light" });
  return dark.map((found) => `in the dark theme: ${found}`);
}

async function check(page: Page, options: string): Promise<readonly string[]> {
  if ((await page.evaluate("typeof axe")) === "undefined") await page.evaluate(AXE);
  // Dialogs fade in, and colors change from one theme to the other: the check reads the final state.
  await stands(page);
  const found = await page.evaluate(`axe.run(document, ${options}).then((run) => run.violations)`);
  return Violations.parse(found).flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
  );
}
