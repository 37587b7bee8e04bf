import { expect, test } from "vitest";
import { killLoop } from "./kill-loop.ts";
import { threadKillLoop } from "./thread-kill-loop.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("server.kill-safe");

// runs.Q1
test("a server killed five times under load loses no run that it accepted, ends them all, and doubles no effect unasked", async () => {
  const report = await killLoop(5, 1);
  expect(report.kills).toBe(5);
  expect(report.accepted).toBeGreaterThan(5);
  expect(report.completed).toBe(report.accepted);
}, 180_000);

// threads.H1, threads.H2
test("a server killed four times loses or doubles no turn of a thread, no delegation and no slot of a trigger", async () => {
  const report = await threadKillLoop(4, 1);
  expect(report.turns).toBeGreaterThan(4);
  expect(report.fires).toBeGreaterThan(2);
}, 180_000);
