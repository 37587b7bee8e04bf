import { expect, test, vi } from "vitest";
import type { TrustGroup } from "../../../src/tools/sandbox/index.ts";
import { assemble, hostile, isAlive, manifest, never, Room } from "./room.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.neighbors");

/** More fuel than any deadline here leaves time for. */
const BOUNDLESS = { fuelPerCall: 1_000_000_000_000, deadlineMs: 300 };
const FOREVER = { n: 2_000_000_000 };

const place = (room: Room, module: Uint8Array, ...[name, placement]: [string, TrustGroup?]) =>
  room.sandbox.deploy({ manifest: manifest(name), module, placement }, never);

test("servers of different trust groups, and one with its own process, are never in one process", async () => {
  await using room = new Room();
  const probe = await assemble("probe.wat");
  await place(room, probe, "one", { group: "ours" });
  await place(room, probe, "two", { group: "ours" });
  await place(room, probe, "three", { group: "theirs" });
  await place(room, probe, "four", "dedicated");
  await place(room, probe, "five", "dedicated");
  for (const name of ["one", "two", "three", "four", "five"]) expect(await room.text(`${name}.answer`)).toBe("ok");
  expect(room.sandbox.stats().processes.map(({ servers }) => servers)).toEqual([2, 1, 1, 1]);
  expect(new Set(room.pids()).size).toBe(4);
});

test("the end of one group's process is nothing to the other's", async () => {
  await using room = new Room();
  const probe = await assemble("probe.wat");
  await place(room, probe, "calm", { group: "ours" });
  await place(room, probe, "struck", { group: "theirs" });
  await room.call("calm.answer");
  await room.call("struck.answer");
  const [ours = 0, theirs = 0] = room.pids();
  process.kill(theirs, "SIGKILL");
  expect(await room.text("struck.answer")).toBe("ok");
  expect(room.pids()[0]).toBe(ours);
  expect(room.pids()[1]).not.toBe(theirs);
});

test("an unused server is unloaded step by step, and loaded again when it is called", async () => {
  await using room = new Room({ instanceIdleMs: 50, moduleIdleMs: 300, childIdleMs: 300 });
  await room.deploy(await assemble("probe.wat"), "p");
  expect(await room.text("p.answer", {}, { session: "s" })).toBe("ok");
  expect(room.sandbox.servers()[0]?.state).toBe("running");
  room.sandbox.endSession("s");
  expect(room.sandbox.servers()[0]?.state).toBe("loaded");
  const [pid = 0] = room.pids();
  await vi.waitFor(() => expect(room.sandbox.servers()[0]?.state).toBe("unloaded"), 5_000);
  await vi.waitFor(() => expect(room.pids()).toEqual([]), 5_000);
  expect(isAlive(pid)).toBe(false);
  expect(await room.text("p.answer")).toBe("ok");
  expect(room.pids()).toHaveLength(1);
});

test("a call after the instance became idle starts one, and keeps the state of the run", async () => {
  await using room = new Room({ instanceIdleMs: 20, moduleIdleMs: 60_000 });
  await room.deploy(hostile(), "h");
  expect(await room.text("h.echo_state", {}, { session: "run" })).toBe("1");
  await new Promise((resolve) => void setTimeout(resolve, 150));
  expect(await room.text("h.echo_state", {}, { session: "run" })).toBe("2");
  expect(await room.text("h.echo", { text: "other" }, { session: "another" })).toBe("other");
});

test("a thousand servers answer on while one misbehaves", { timeout: 120_000 }, async () => {
  await using room = new Room({ processes: 2 });
  const probe = await assemble("probe.wat");
  const names = Array.from({ length: 1_000 }, (_, index) => `server_${index}`);
  await Promise.all(names.map((name) => room.deploy(probe, name, { limits: { deadlineMs: 60_000 } })));
  await room.deploy(hostile(), "hog", { limits: BOUNDLESS });
  const misbehaving = [
    room.text("hog.slow_fuel", FOREVER, { session: "a" }),
    room.text("hog.trap", {}, { session: "b" }),
    room.text("hog.grow", {}, { session: "c" }),
    room.text("hog.spam_stderr", {}, { session: "d" }),
  ];
  const answers = await Promise.all(names.map((name) => room.text(`${name}.answer`)));
  expect(answers.filter((answer) => answer !== "ok")).toEqual([]);
  expect((await Promise.all(misbehaving))[0]).toBe("deadline");
  expect(await room.text("server_500.answer")).toBe("ok");
});

test(
  "a process with a thousand servers that is killed loses no call that had not begun",
  { timeout: 120_000 },
  async () => {
    await using room = new Room();
    const probe = await assemble("probe.wat");
    const names = Array.from({ length: 1_000 }, (_, index) => `server_${index}`);
    await Promise.all(names.map((name) => room.deploy(probe, name, { limits: { deadlineMs: 60_000 } })));
    const calls = names.map((name) => room.text(`${name}.answer`));
    const [pid = 0] = room.pids();
    process.kill(pid, "SIGKILL");
    const answers = await Promise.all(calls);
    expect(answers.filter((answer) => answer !== "ok")).toEqual([]);
  },
);

test("in a thread tools answer and keep to their limits as in a process", async () => {
  await using room = new Room({ isolation: "worker" });
  await room.deploy(hostile(), "h", { limits: { fuelPerCall: 5_000_000 } });
  expect(await room.text("h.echo", { text: "hello" })).toBe("hello");
  expect(await room.text("h.slow_fuel", FOREVER)).toBe("fuel");
  expect(await room.text("h.trap")).toBe("trap");
  expect(await room.text("h.escape", { path: "/etc/passwd" })).toBe("tool-error");
  expect(await room.text("h.echo", { text: "still here" })).toBe("still here");
  expect(room.pids()).toEqual([]);
});

test("a guest that computes past its deadline is ended with its thread; its neighbour's calls are made", async () => {
  await using room = new Room({ isolation: "worker" });
  await room.deploy(hostile(), "hog", { limits: BOUNDLESS });
  await room.deploy(await assemble("probe.wat"), "neighbour", { limits: { deadlineMs: 30_000 } });
  // In the session of a call before, it computes from the moment it is heard; otherwise it may first be started, and the
  // child, between the two, say that it is well.
  await room.text("hog.echo", { text: "warm" }, { session: "hog" });
  expect(await room.text("neighbour.answer")).toBe("ok");
  const hogging = room.text("hog.slow_fuel", FOREVER, { session: "hog" });
  const waiting = room.text("neighbour.answer", {}, { session: "n" });
  expect(await hogging).toBe("deadline");
  expect(await waiting).toBe("ok");
});
