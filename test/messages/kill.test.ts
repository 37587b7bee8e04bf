import { expect, test } from "vitest";
import { messageKillLoop } from "./kill-loop.ts";

test("a router killed thirty times under load loses no message that it accepted, and brings none back that is settled", async () => {
  const report = await messageKillLoop(30, 1);
  expect(report.kills).toBe(30);
  expect(report.accepted).toBeGreaterThan(1_000);
}, 300_000);
