import { expect, test } from "vitest";
import { mint, ToolCallId } from "../../../kernel/ids.ts";
import { DEFAULT_LIMITS, NO_GRANTS } from "../../catalogue/index.ts";
import type { SandboxChild } from "./sandbox-child.ts";
import type { PendingCall } from "./pending-call.ts";
import { LiveServer } from "../live-server.ts";
import { ChildPool } from "./child-pools.ts";
import { UNRESPONSIVE_AFTER_MS, Heartbeat } from "./heartbeat.ts";

const server = new LiveServer(
  1,
  { name: "s", version: "1", description: "", instance: "run", limits: DEFAULT_LIMITS, grants: NO_GRANTS },
  {
    moduleHash: "",
    catalogue: { abi: "core", tools: [], types: 0 },
    bytes: () => Promise.resolve(new Uint8Array(0)),
  },
  { workspace: "default", environment: [], startFuel: 1, instancesMax: 1, pool: new ChildPool([]), nowMs: () => 0 },
);

function job(id: number, changes: Partial<Pick<PendingCall, "cancelledAtMs" | "sentAtFrame">> = {}): PendingCall {
  const session = server.session({ session: `run-${id}`, workspace: "default" });
  return {
    id,
    call: mint(ToolCallId),
    server,
    session,
    account: { server, session },
    tool: 0,
    argumentsText: "{}",
    context: { session: `run-${id}`, workspace: "default", agent: undefined, files: [] },
    startedAtMs: 0,
    deadlineMs: 0,
    deadlineAtMs: 0,
    signal: new AbortController().signal,
    resolve: () => {},
    files: undefined,
    fileRequests: 0,
    isQueued: false,
    crashes: 0,
    isSettled: false,
    cancelledAtMs: undefined,
    isMoved: false,
    sentAtFrame: 0,
    ...changes,
  };
}

const nothing = (): void => {};

/** A child that is heard when the test says so. */
function child(): SandboxChild & { framesReceived: number } {
  const exited = Promise.resolve();
  return { pid: undefined, framesReceived: 0, exited, send: nothing, sendText: nothing, kill: nothing };
}

/** Report on a silent child after a while of periodic checks. */
function afterSilence(jobs: readonly PendingCall[], turn?: readonly [server: number, call: number]) {
  const [heartbeat, home] = [new Heartbeat(), child()];
  heartbeat.start(0);
  if (turn !== undefined) heartbeat.onTurn(...turn);
  const sent = new Map(jobs.map((each) => [each.id, each]));
  let verdict = heartbeat.check(home, sent, 0);
  for (let nowMs = 20; nowMs <= 3 * UNRESPONSIVE_AFTER_MS; nowMs += 20) verdict = heartbeat.check(home, sent, nowMs);
  return verdict;
}

const OVERDUE = { cancelledAtMs: 100 } as const;

// sandbox.heartbeat.V1
test("a silent child is stuck with the call that it has named, also if other calls wait", () => {
  const [hog, neighbour] = [job(1, OVERDUE), job(2)];
  expect(afterSilence([hog, neighbour], [1, 1])).toEqual({
    child: "stuck",
    offender: { type: "calls", jobs: new Set([hog]) },
  });
});

// sandbox.heartbeat.V1
test("a named call before its deadline continues, and calls that wait past their deadlines are reported", () => {
  const [busy, waiting] = [job(1), job(2, OVERDUE)];
  expect(afterSilence([busy, waiting], [1, 1])).toEqual({ child: "fine", overdue: [waiting] });
});

// sandbox.heartbeat.V2
test("if no call was named, all that may be running have to be past their deadlines", () => {
  const [early, late] = [job(1, { ...OVERDUE, sentAtFrame: -1 }), job(2, { sentAtFrame: -1 })];
  expect(afterSilence([early, late])).toEqual({ child: "fine", overdue: [early] });
  const unheard = [job(3, OVERDUE), job(4)];
  expect(afterSilence(unheard)).toMatchObject({ child: "stuck", offender: { jobs: new Set(unheard.slice(0, 1)) } });
});

// sandbox.heartbeat.V2
test("a named call that has answered since no longer counts", () => {
  expect(afterSilence([job(2)], [1, 1])).toEqual({ child: "fine", overdue: [] });
});

// sandbox.heartbeat.V3
test("a start that no call is for has no right to keep a call waiting", () => {
  expect(afterSilence([job(2)], [1, 0])).toEqual({ child: "stuck", offender: { type: "start", server: 1 } });
});

test("silence without waiting calls does not count against a child", () => {
  const [heartbeat, home] = [new Heartbeat(), child()];
  heartbeat.start(0);
  heartbeat.onTurn(1, 0);
  heartbeat.suspend();
  expect(heartbeat.check(home, new Map([[1, job(1)]]), 60_000)).toEqual({ child: "fine", overdue: [] });
  expect(heartbeat.isSilent).toBe(false);
});
