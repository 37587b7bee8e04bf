import { expect, test } from "vitest";
import { messageKillLoop } from "./kill-loop.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("message.durable");

test("a router killed a hundred times under load loses no message that it accepted, and brings none back that is settled", async () => {
  const report = await messageKillLoop(100, 1);
  expect(report.kills).toBe(100);
  expect(report.accepted).toBeGreaterThan(1_000);
}, 300_000);
