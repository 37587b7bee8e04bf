import { expect, test } from "vitest";
import { messageKillLoop } from "./kill-loop.ts";

test("a router killed twenty times under load loses no message that it accepted, and brings none back that is settled", async () => {
  const report = await messageKillLoop(20, 1);
  expect(report.kills).toBe(20);
  expect(report.accepted).toBeGreaterThan(200);
}, 180_000);
