import { expect, test } from "vitest";
import type { SandboxChild, SandboxChildOptions } from "./sandbox-child.ts";
import { StandbyPool, type ChildListener } from "./standby-pool.ts";

const nothing = (): void => {};

/** Children that are ready, heard and ended when the test says so. */
function pool(prestart = true) {
  const opened: SandboxChildOptions[] = [];
  const killed: number[] = [];
  const made = new StandbyPool({
    prestart,
    open: (options) => {
      opened.push(options);
      const pid = opened.length;
      const kill = (): void => {
        killed.push(pid);
        options.onExit("killed");
      };
      return { pid, framesReceived: 0, exited: Promise.resolve(), send: nothing, sendText: nothing, kill };
    },
  });
  return { made, opened, killed };
}

function parent(): ChildListener & { readonly events: string[] } {
  const events: string[] = [];
  return {
    events,
    onReady: () => void events.push("ready"),
    onFrame: ({ kind }) => void events.push(`frame ${kind}`),
    onExit: (reason) => void events.push(reason),
  };
}
const frame = { kind: 18, id: 1, server: 1, bytes: Buffer.alloc(0), start: 0, end: 0 };
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

// sandbox.standby-pool.N1
test("a child is prepared a moment after the first call, and only one", () => {
  const { made, opened } = pool();
  made.prepare(0);
  made.prepare(499);
  expect(opened).toHaveLength(0);
  made.prepare(500);
  made.prepare(5_000);
  expect([opened.length, made.pid]).toEqual([1, 1]);
});

// sandbox.standby-pool.N2
test("the standby child is handed out like one that was started, and another is prepared", async () => {
  const { made, opened } = pool();
  made.prepare(0);
  made.prepare(500);
  opened[0]?.onReady();
  const taker = parent();
  const home: SandboxChild = made.child(taker);
  expect([home.pid, taker.events]).toEqual([1, []]);
  await turn();
  opened[0]?.onFrame(frame);
  opened[0]?.onExit("over");
  expect(taker.events).toEqual(["ready", "frame 18", "over"]);
  made.prepare(600);
  expect(opened).toHaveLength(1);
  made.prepare(1_100);
  expect(opened).toHaveLength(2);
});

test("one that is still starting when it is taken is ready when it is", async () => {
  const { made, opened } = pool();
  made.prepare(0);
  made.prepare(500);
  const taker = parent();
  made.child(taker);
  await turn();
  expect(taker.events).toEqual([]);
  opened[0]?.onReady();
  expect(taker.events).toEqual(["ready"]);
});

test("without a standby child, one is started", () => {
  const { made, opened } = pool(false);
  made.prepare(0);
  made.prepare(10_000);
  expect(made.child(parent()).pid).toBe(1);
  expect(opened).toHaveLength(1);
});

// sandbox.standby-pool.N3
test("a standby child that exits, is released, or exists at the end, is gone", async () => {
  const { made, opened, killed } = pool();
  made.prepare(0);
  made.prepare(500);
  opened[0]?.onExit("no memory");
  expect(made.pid).toBeUndefined();
  made.prepare(600);
  made.prepare(1_100);
  made.release();
  expect([made.pid, killed]).toEqual([undefined, [2]]);
  made.prepare(1_200);
  made.prepare(1_700);
  await made.close();
  made.prepare(9_000);
  expect([made.pid, killed]).toEqual([undefined, [2, 3]]);
});
