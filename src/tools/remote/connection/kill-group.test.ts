import { expect, test } from "vitest";
import { killGroup } from "./kill-group.ts";

const failing = (code: string) => () => {
  throw Object.assign(new Error(`kill ${code}`), { code });
};
const child = { pid: 4_194_300, exitCode: null };

test("a group that may not be killed is logged, not thrown", () => {
  const log: string[] = [];
  const isGone = killGroup(child, (piece) => void log.push(piece), failing("EPERM"));
  expect(isGone).toBe(false);
  expect(log).toEqual(["the process 4194300 and what it started cannot be ended: kill EPERM\n"]);
});

test("a group that is gone already is fine, and so is a process that never began", () => {
  const log: string[] = [];
  expect(killGroup(child, (piece) => void log.push(piece), failing("ESRCH"))).toBe(true);
  expect(killGroup({ pid: undefined, exitCode: null }, (piece) => void log.push(piece), failing("EPERM"))).toBe(true);
  expect(log).toEqual([]);
});
