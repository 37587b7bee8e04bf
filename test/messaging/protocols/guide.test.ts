import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { drawn, GUIDE } from "../../../scripts/draw-protocols.ts";
import { VIOLATION_RULES } from "../../../src/messaging/protocols/index.ts";

const guide = readFileSync(GUIDE, "utf8");

test("the guide shows the protocols as they are checked; `npx node scripts/draw-protocols.ts` redraws them", () => {
  expect(drawn(guide) === guide).toBe(true);
});

test("the guide names every rule that a message can break", () => {
  expect(Object.keys(VIOLATION_RULES).filter((rule) => !guide.includes(`\`${rule}\``))).toEqual([]);
});
