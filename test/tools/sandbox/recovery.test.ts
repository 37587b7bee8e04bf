import { spawn } from "node:child_process";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { tempDirectory } from "../../helpers/temp.ts";
import { assemble, hostile, manifest, never, Room, textOf } from "./room.ts";
import { compute, GO, smallServer } from "./small.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.repeat-safe");

const FILES = { files: [{ path: "data", access: "read" }] } as const;
/** So much that only time stops a call, and that is long. */
const PATIENT = { fuelPerCall: 1_000_000_000_000, deadlineMs: 60_000 };

const PATH_OPEN = `(import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))`;
/** The place where the descriptor of file `$i` is kept. */
const AT = "(i32.add (i32.const 2000) (i32.mul (local.get $i) (i32.const 4)))";
const each = (count: number, body: string): string => `(local.set $i (i32.const 0)) (loop ${body}
  (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if 0 (i32.lt_s (local.get $i) (i32.const ${count}))))`;
const OPEN = `(if (call $open (i32.const 4) (i32.const 1) (i32.const 1000) (i32.const 6) (i32.const 0) (i64.const 2) (i64.const 2) (i32.const 0) ${AT}) (then unreachable))`;
const CLOSE = `(if (call $close (i32.load ${AT})) (then unreachable))`;
const READ = `(i32.store (i32.const 3000) (i32.const 4096)) (i32.store (i32.const 3004) (i32.const 1000))
  (if (call $read (i32.load ${AT}) (i32.const 3000) (i32.const 1) (i32.const 3010)) (then unreachable))`;

test.each([
  ["closes", each(30, OPEN) + each(30, CLOSE)],
  ["reads, in turn,", each(30, OPEN) + each(30, READ) + each(30, READ)],
])("a guest that %s thirty files at once keeps its process", async (_what, call) => {
  await using room = new Room();
  await mkdir(join(room.directory, "data"));
  writeFileSync(join(room.directory, "data", "f"), Buffer.alloc(200_000));
  const module = await smallServer({ imports: PATH_OPEN, data: `(data (i32.const 1000) "data/f")`, call });
  await room.deploy(module, "s", { tools: GO, grants: FILES });
  expect(await room.text("s.go", {}, { session: "warm" })).toBe("ok");
  const pids = room.pids();
  expect(await room.text("s.go")).toBe("ok");
  expect(await room.text("s.go")).toBe("ok");
  expect(room.pids()).toEqual(pids);
});

/** Two calls that wait, both in a child that has just been killed. */
async function suspects(room: Room) {
  await room.deploy(await assemble("probe.wat"), "p", { limits: PATIENT });
  await room.call("p.answer");
  const cancel = new AbortController();
  const one = room.call("p.sleep", {}, { signal: cancel.signal });
  const other = room.call("p.sleep", {}, { signal: cancel.signal });
  // The child has both when it has answered the third.
  await room.call("p.answer");
  const killed = room.pids();
  for (const pid of killed) process.kill(pid, "SIGKILL");
  await vi.waitFor(() => expect(room.pids()).not.toEqual(killed), 10_000);
  return { cancel, ended: Promise.all([one, other]) };
}

test("calls that were in a process that ended are made one at a time, also while their server is loaded", async () => {
  await using room = new Room();
  const { cancel, ended } = await suspects(room);
  await vi.waitFor(() => expect(room.sandbox.stats().processes[0]?.isUp).toBe(true), 10_000);
  // Innocent, but behind the suspects: one of them is running, and the rest waits.
  const behind = room.text("p.answer");
  await vi.waitFor(() => expect(room.sandbox.servers()[0]?.state).toBe("running"), 10_000);
  const isFirst = await Promise.race([behind, new Promise((resolve) => void setTimeout(resolve, 300, "waits"))]);
  expect(isFirst).toBe("waits");
  cancel.abort();
  expect((await ended).map(textOf)).toEqual(["cancelled", "cancelled"]);
  expect(await behind).toBe("ok");
});

test("an innocent call that was in two processes that ended is made again: only what is alone is blamed", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "evil", { limits: PATIENT });
  await room.deploy(await smallServer({ call: compute(50_000_000) }), "good", { tools: GO, limits: PATIENT });
  await room.call("evil.echo", { text: "warm" }, { session: "a" });
  await room.call("good.go", {}, { session: "b" });
  const cancel = new AbortController();
  const evil = room.text("evil.slow_fuel", { n: 1_000_000_000_000 }, { session: "a", signal: cancel.signal });
  const good = room.text("good.go", {}, { session: "b" });
  for (let strike = 0; strike < 2; strike += 1) {
    const before = room.pids();
    await vi.waitFor(() => expect(room.sandbox.stats().processes[0]).toMatchObject({ isUp: true, calls: 2 }), 10_000);
    for (const pid of room.pids()) process.kill(pid, "SIGKILL");
    await vi.waitFor(() => expect(room.pids()).not.toEqual(before), 10_000);
  }
  expect(await evil).toBe("crashed");
  expect(await good).toBe("ok");
  cancel.abort();
});

test("when suspects are given up, calls are made side by side again", async () => {
  await using room = new Room();
  const { cancel, ended } = await suspects(room);
  cancel.abort();
  expect((await ended).map(textOf)).toEqual(["cancelled", "cancelled"]);
  const sleeping = new AbortController();
  const asleep = room.call("p.sleep", {}, { signal: sleeping.signal });
  expect(await room.text("p.answer")).toBe("ok");
  sleeping.abort();
  expect(textOf(await asleep)).toBe("cancelled");
});

/** Takes the entries of a cache away and ends the child, so that the next call has to read the module. */
async function lose(room: Room, cache: string): Promise<void> {
  for (const name of readdirSync(cache)) rmSync(join(cache, name), { recursive: true });
  for (const pid of room.pids()) process.kill(pid, "SIGKILL");
  await vi.waitFor(() => expect(room.sandbox.servers()[0]?.state).not.toBe("loaded"), 10_000);
}

test("a module that cannot be read is tried again with the next call, and no call is blamed", async () => {
  using cache = tempDirectory();
  await using room = new Room({ cacheDirectory: cache.path });
  await room.deploy(await assemble("probe.wat"), "p");
  const [name = ""] = readdirSync(cache.path);
  await lose(room, cache.path);
  // A directory is there, and cannot be read as a file.
  await mkdir(join(cache.path, name));
  for (let count = 0; count < 6; count += 1) {
    expect(await room.call("p.answer")).toMatchObject({
      reason: "unavailable",
      message: expect.stringMatching(/cannot be read \(EISDIR\).*tries again/),
    });
  }
  expect(room.sandbox.servers()[0]).toMatchObject({ state: "failed", reason: expect.stringContaining("EISDIR") });
  rmSync(join(cache.path, name), { recursive: true });
  expect(await room.call("p.answer")).toMatchObject({
    message: expect.stringContaining("deploy the tool server again"),
  });
  await room.deploy(await assemble("probe.wat"), "p");
  expect(await room.text("p.answer")).toBe("ok");
  expect(room.sandbox.servers()[0]).toMatchObject({ state: "running", reason: "" });
});

test("a module whose entry in the cache is lost is compiled again when it is available", async () => {
  using cache = tempDirectory();
  const module = await assemble("probe.wat");
  const asked: string[] = [];
  const readModule = (hash: string): Promise<Uint8Array> => {
    asked.push(hash);
    return Promise.resolve(module);
  };
  await using room = new Room({ cacheDirectory: cache.path }, undefined, { readModule });
  await room.deploy(module, "p");
  await lose(room, cache.path);
  expect(await room.text("p.answer")).toBe("ok");
  // Two loads may find it lost at the same moment.
  expect(new Set(asked)).toEqual(new Set([room.sandbox.servers()[0]?.moduleHash]));
  expect(readdirSync(cache.path)).toHaveLength(1);
});

test("calls with wider grants are refused and counted like others", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "h");
  const trap = (): Promise<string> => room.text("h.trap", {}, { isPermissive: true });
  for (let count = 0; count < 5; count += 1) expect(await trap()).toBe("trap");
  expect(await trap()).toBe("quarantined");
  expect(room.sandbox.servers()[0]).toMatchObject({ state: "quarantined", calls: { done: 0, failed: 6 } });
});

test("calls with wider grants count among those a server may have in flight", async () => {
  await using room = new Room();
  await room.deploy(await assemble("probe.wat"), "p", { limits: { deadlineMs: 60_000 } });
  const cancel = new AbortController();
  const options = { session: "one", isPermissive: true, signal: cancel.signal };
  const calls = Array.from({ length: 16 }, () => room.text("p.sleep", {}, options));
  expect(await room.text("p.answer", {}, options)).toBe("overloaded");
  cancel.abort();
  expect(new Set(await Promise.all(calls))).toEqual(new Set(["cancelled"]));
  expect(await room.text("p.answer", {}, { session: "one" })).toBe("ok");
});

// sandbox.guest-process.P3
test(
  "a server with no descriptors left continues, and starts a process once it has some",
  { timeout: 60_000 },
  async () => {
    const script = new URL("descriptors.ts", import.meta.url).pathname;
    const child = spawn("sh", ["-c", `ulimit -n 200 && exec "$0" "$1"`, process.execPath, script], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => said.push(String(chunk)));
    const code = await new Promise((resolve) => void child.once("close", resolve));
    expect(said.join("")).toContain("before ok, without a process, after ok");
    expect(code).toBe(0);
  },
);

test("a program that has nothing open but a call is not over while the next process is waited for", async () => {
  const script = new URL("lonely.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "pipe"] });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => said.push(String(chunk)));
  const code = await new Promise((resolve) => void child.once("close", resolve));
  expect(said.join("")).toContain("deployed, after ok");
  expect(code).toBe(0);
});

test("a standby process replaces one that ends, whatever group it was of, and is followed by another", async () => {
  await using room = new Room({ standby: true });
  await room.deploy(await assemble("probe.wat"), "p");
  const standby = (): number | undefined => room.sandbox.stats().standbyPid;
  expect(standby()).toBeUndefined();
  expect(await room.text("p.answer")).toBe("ok");
  await vi.waitFor(() => expect(standby()).toBeDefined(), 10_000);
  const reserve = standby();
  for (const pid of room.pids()) process.kill(pid, "SIGKILL");
  expect(await room.text("p.answer")).toBe("ok");
  expect(room.pids()).toEqual([reserve]);
  await vi.waitFor(() => expect(standby()).toBeDefined(), 10_000);
  const next = standby();
  const module = await assemble("probe.wat");
  await room.sandbox.deploy({ manifest: manifest("other"), module, placement: { group: "others" } }, never);
  expect(await room.text("other.answer")).toBe("ok");
  expect(room.pids()).toEqual([reserve, next]);
});
