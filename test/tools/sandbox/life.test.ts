import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { ToolServerRefusedError } from "../../../src/tools/sandbox/index.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { assemble, hostile, isAlive, manifest, never, Room, textOf } from "./room.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.quarantine");

const FOREVER = { n: 1_000_000_000_000 };
/** So much fuel that only time can stop a call. */
const BOUNDLESS = { fuelPerCall: 1_000_000_000_000 };

test("a deployed server reports its tools with schemas and effects, and its state", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "h", { grants: { files: [{ path: "data", access: "read" }], clock: true } });
  const [server] = room.sandbox.servers();
  expect(server).toMatchObject({ name: "h", state: "loaded", reason: "", grants: ["read data", "clock"] });
  expect(server?.moduleHash).toMatch(/^[0-9a-f]{64}$/);
  const echo = server?.tools.find(({ name }) => name === "echo");
  expect(echo).toMatchObject({
    server: "h",
    inputSchema: { type: "object" },
    effects: { readOnly: true, idempotent: true },
  });
  expect(server?.tools.find(({ name }) => name === "not_idempotent")?.effects.idempotent).toBe(false);
  await room.call("h.echo", { text: "x" }, { session: "one" });
  expect(room.sandbox.servers()[0]).toMatchObject({ state: "running", calls: { done: 1, failed: 0 } });
});

test("a server or tool that is not there is a result that says what there is", async () => {
  await using room = new Room();
  await room.deploy(await assemble("probe.wat"), "p");
  expect(await room.call("q.x")).toMatchObject({
    reason: "unknown-tool",
    message: expect.stringContaining("there are: p"),
  });
  expect(await room.call("p.x")).toMatchObject({
    reason: "unknown-tool",
    message: expect.stringContaining("answer, sleep"),
  });
});

test.each([
  ["nothing", new Uint8Array(0), /module/],
  ["text", Buffer.from("hello, world"), /module/],
  ["a damaged module", hostile().subarray(0, 50_000), /byte \d+/],
  ["a module of another kind", Buffer.from("0061736d01000000", "hex"), /not a tool server of a known kind/],
  ["a component", Buffer.from("0061736d0d000100", "hex"), /component/],
])("%s is refused with what is wrong", async (_what, module, words) => {
  await using room = new Room();
  const deploying = room.sandbox.deploy({ manifest: manifest("bad"), module }, never);
  await expect(deploying).rejects.toThrow(ToolServerRefusedError);
  await expect(deploying).rejects.toThrow(words);
  expect(room.sandbox.servers()).toEqual([]);
});

test("a module whose memory is larger than the manifest allows is refused with the limit", async () => {
  await using room = new Room();
  await expect(room.deploy(await assemble("probe.wat"), "p", { limits: { memoryBytesMax: 65_536 } })).rejects.toThrow(
    /memory/,
  );
});

test("a deployment that is given up ends at once", async () => {
  await using room = new Room({ cacheDirectory: undefined });
  const giveUp = new AbortController();
  const deploying = room.sandbox.deploy({ manifest: manifest("h"), module: hostile() }, giveUp.signal);
  giveUp.abort();
  await expect(deploying).rejects.toThrow("cancelled");
});

test("a removed server is gone, its running calls end as they would have", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "h", { limits: { ...BOUNDLESS } });
  await room.call("h.echo", { text: "warm" });
  const running = room.call("h.slow_fuel", { n: 5_000_000 });
  expect(room.sandbox.remove("h")).toBe(true);
  expect(room.sandbox.remove("h")).toBe(false);
  expect(await running).toMatchObject({ type: "done" });
  expect(await room.text("h.echo", { text: "x" })).toBe("unknown-tool");
});

test("a server deployed again replaces the old one", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "s");
  await room.deploy(await assemble("probe.wat"), "s", { version: "2.0.0" });
  expect(room.sandbox.servers().map(({ name, version }) => [name, version])).toEqual([["s", "2.0.0"]]);
  expect(await room.text("s.answer")).toBe("ok");
  expect(await room.text("s.echo", { text: "x" })).toBe("unknown-tool");
});

test("a module compiled once is not compiled again; a damaged entry is", async () => {
  using cache = tempDirectory();
  const options = { cacheDirectory: cache.path };
  const module = await assemble("probe.wat");
  {
    await using room = new Room(options);
    await room.deploy(module, "p");
  }
  const [name = ""] = readdirSync(cache.path);
  const entry = readFileSync(join(cache.path, name));
  {
    await using room = new Room(options);
    await room.deploy(module, "p");
    expect(await room.text("p.answer")).toBe("ok");
    expect(readdirSync(cache.path)).toEqual([name]);
  }
  writeFileSync(join(cache.path, name), entry.subarray(0, 500));
  {
    await using room = new Room(options);
    await room.deploy(module, "p");
    expect(await room.text("p.answer")).toBe("ok");
  }
  expect(readFileSync(join(cache.path, name))).toEqual(entry);
});

test("a cancelled call ends at once, whether it waits or runs, and the run continues", async () => {
  await using room = new Room();
  await room.deploy(await assemble("probe.wat"), "p", { limits: { deadlineMs: 60_000 } });
  await room.call("p.answer", {}, { session: "one" });
  const cancel = new AbortController();
  const options = { session: "one", signal: cancel.signal };
  const calls = [
    room.call("p.sleep", {}, options),
    room.call("p.sleep", {}, options),
    room.call("p.answer", {}, { session: "one" }),
  ];
  cancel.abort();
  const before = performance.now();
  expect((await Promise.all(calls)).map(textOf)).toEqual(["cancelled", "cancelled", "ok"]);
  expect(performance.now() - before).toBeLessThan(5_000);
  expect(await room.text("p.answer", {}, { signal: cancel.signal })).toBe("cancelled");
});

// sandbox.child-supervisor.S3
test("a process that is killed is replaced, and the calls in it are made again", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "h", { limits: BOUNDLESS });
  await room.call("h.echo", { text: "warm" });
  const [pid = 0] = room.pids();
  const calls = Array.from({ length: 6 }, (_, index) => room.text("h.slow_fuel", { n: 20_000_000 + index }));
  process.kill(pid, "SIGKILL");
  expect(await Promise.all(calls)).toEqual(Array.from({ length: 6 }, () => "done"));
  expect(room.pids()).not.toContain(pid);
});

// sandbox.child-supervisor.S3
test("a call that was in a process that ended, and then alone in the next that did, is the offender", async () => {
  await using room = new Room();
  await room.deploy(await assemble("probe.wat"), "p", { limits: { deadlineMs: 60_000 } });
  await room.call("p.answer");
  const sleeping = room.call("p.sleep");
  const strike = async (): Promise<readonly number[]> => {
    await vi.waitFor(() => expect(room.sandbox.stats().processes[0]).toMatchObject({ calls: 1, isUp: true }), 10_000);
    for (const pid of room.pids()) process.kill(pid, "SIGKILL");
    return room.pids();
  };
  const struck = await strike();
  await vi.waitFor(() => expect(room.pids()).not.toEqual(struck), 10_000);
  await strike();
  expect(await sleeping).toMatchObject({
    reason: "crashed",
    message: expect.stringContaining("p.sleep brought its sandbox process down"),
  });
  expect(await room.text("p.answer")).toBe("ok");
});

// sandbox.B2, sandbox.child-supervisor.S5
test("a guest that computes past its deadline without a pause is killed with its process; its neighbour's calls are made", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "hog", { limits: { ...BOUNDLESS, deadlineMs: 300 } });
  await room.deploy(await assemble("probe.wat"), "neighbour", { limits: { deadlineMs: 30_000 } });
  await room.call("hog.echo", { text: "warm" });
  expect(await room.text("neighbour.answer", {}, { session: "n" })).toBe("ok");
  const [pid = 0] = room.pids();
  const hogging = room.call("hog.slow_fuel", FOREVER);
  const waiting = room.text("neighbour.answer", {}, { session: "n" });
  expect(await hogging).toMatchObject({ reason: "deadline", message: expect.stringContaining("300 ms") });
  expect(await waiting).toBe("ok");
  expect(isAlive(pid)).toBe(false);
});

test("with a second process, new runs are not held up by a guest that computes without a pause", async () => {
  await using room = new Room({ processes: 2 });
  await room.deploy(hostile(), "hog", { limits: { ...BOUNDLESS, deadlineMs: 30_000 } });
  await room.call("hog.echo", { text: "warm" }, { session: "hog" });
  const cancel = new AbortController();
  const hogging = room.call("hog.slow_fuel", FOREVER, { session: "hog", signal: cancel.signal });
  const [first] = room.sandbox.stats().processes;
  // The child is known to be silent after it has not answered for a while; a run that comes later goes to another. In
  // steps, so that the sandbox has looked several times however busy this process is.
  for (let step = 0; step < 6; step += 1) await new Promise((resolve) => void setTimeout(resolve, 100));
  // This one, in the silent child, would not be answered while the other computes.
  expect(await room.text("hog.echo", { text: "quick" }, { session: "other" })).toBe("quick");
  expect(room.sandbox.stats().processes[0]).toMatchObject({ pid: first?.pid, calls: 1 });
  cancel.abort();
  expect(await hogging).toMatchObject({ reason: "cancelled" });
});

// sandbox.rebalance.R1, sandbox.rebalance.R2
test("calls that wait behind a guest that computes for long, within its right, are made in the standby child", async () => {
  await using room = new Room({ standby: true });
  await room.deploy(hostile(), "hog", { limits: { ...BOUNDLESS, deadlineMs: 60_000 } });
  await room.deploy(await assemble("probe.wat"), "neighbour", { limits: { deadlineMs: 60_000 } });
  await room.call("hog.echo", { text: "warm" }, { session: "hog" });
  expect(await room.text("neighbour.answer", {}, { session: "old" })).toBe("ok");
  const cancel = new AbortController();
  const hogging = room.call("hog.slow_fuel", FOREVER, { session: "hog", signal: cancel.signal });
  let isOldAnswered = false;
  // Its guest may remember something of the call before, so it waits where it is.
  const old = room.text("neighbour.answer", {}, { session: "old" }).finally(() => (isOldAnswered = true));
  const fresh = ["a", "b", "b"].map((session) => room.text("neighbour.answer", {}, { session }));
  expect(await Promise.all(fresh)).toEqual(["ok", "ok", "ok"]);
  expect(isOldAnswered).toBe(false);
  const { processes } = room.sandbox.stats();
  expect(processes.map(({ calls }) => calls)).toEqual([2, 0]);
  // What comes later goes there at once.
  expect(await room.text("neighbour.answer", {}, { session: "c" })).toBe("ok");
  expect(room.pids()[0]).toBe(processes[0]?.pid);
  cancel.abort();
  expect(await hogging).toMatchObject({ reason: "cancelled" });
  expect(await old).toBe("ok");
});

test("a server that breaks its limits five times in a minute is kept in quarantine, and others are not", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "bad");
  await room.deploy(hostile(), "good");
  for (let count = 0; count < 5; count += 1) expect(await room.text("bad.trap")).toBe("trap");
  const refused = await room.call("bad.echo", { text: "x" });
  expect(refused).toMatchObject({
    reason: "quarantined",
    message: expect.stringMatching(/bad is in quarantine for \d+ s more.*bad\.trap/),
  });
  expect(room.sandbox.servers()[0]).toMatchObject({ state: "quarantined", reason: expect.stringContaining("5 times") });
  expect(await room.text("good.echo", { text: "fine" })).toBe("fine");
});

test("an answer that says it is an error breaks no limit", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "h");
  for (let count = 0; count < 6; count += 1)
    expect(await room.text("h.escape", { path: "/etc/passwd" })).toBe("tool-error");
  expect(await room.text("h.echo", { text: "fine" })).toBe("fine");
  expect(room.sandbox.servers()[0]?.calls).toMatchObject({ done: 1, failed: 6, denied: 6 });
});

test("two hundred servers are deployed and called", async () => {
  await using room = new Room({ processes: 2 });
  const module = await assemble("probe.wat");
  const names = Array.from({ length: 200 }, (_, index) => `server_${index}`);
  await Promise.all(names.map((name) => room.deploy(module, name)));
  const answers = await Promise.all(names.map((name) => room.text(`${name}.answer`)));
  expect(new Set(answers)).toEqual(new Set(["ok"]));
  expect(room.sandbox.servers()).toHaveLength(200);
});

test("when it is disposed its processes are gone and running calls have ended", async () => {
  const room = new Room({ processes: 2 });
  await room.deploy(await assemble("probe.wat"), "p", { limits: { deadlineMs: 60_000 } });
  await room.call("p.answer");
  const pids = room.pids();
  const sleeping = room.call("p.sleep");
  await room[Symbol.asyncDispose]();
  expect(await sleeping).toMatchObject({ reason: "cancelled" });
  expect(pids).toHaveLength(1);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(await room.text("p.answer")).toBe("cancelled");
});

test("ending thousands of guests that wait leaves nothing behind in their process", { timeout: 120_000 }, async () => {
  await using room = new Room({ instancesPerServerMax: 250 });
  await room.deploy(await assemble("probe.wat"), "p", { limits: { deadlineMs: 60_000, memoryBytesMax: 1_048_576 } });
  const maps = (): number => readFileSync(`/proc/${room.pids()[0]}/maps`, "utf8").split("\n").length;
  const round = async (): Promise<void> => {
    const cancel = new AbortController();
    const calls = Array.from({ length: 200 }, () => room.call("p.sleep", {}, { signal: cancel.signal }));
    // Answered only after the sleepers have been started.
    await room.call("p.answer");
    cancel.abort();
    await Promise.all(calls);
    await room.call("p.answer");
  };
  for (let count = 0; count < 3; count += 1) await round();
  const before = maps();
  for (let count = 0; count < 10; count += 1) await round();
  // 2,000 suspended stacks that were dropped would be 4,000 maps and more.
  await vi.waitFor(() => expect(maps()).toBeLessThan(before + 1_000), { timeout: 10_000 });
});

test("a directory that is a file to begin with, and other surprises of the disk, are refusals to the guest", async () => {
  await using room = new Room();
  mkdirSync(join(room.directory, "data"));
  execFileSync("mkfifo", [join(room.directory, "data", "pipe")]);
  await room.deploy(hostile(), "h", { grants: { files: [{ path: "data", access: "write" }] } });
  expect(await room.text("h.escape", { path: "data/pipe" })).toBe("tool-error");
  expect(await room.text("h.escape", { path: "data" })).toBe("tool-error");
});

const children = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "ProcessWrap").length;

test("a sandbox that is disposed starts no child for deployments that wait or come later", async () => {
  // Files share a worker, and those before may have left children.
  const before = children();
  const probe = await assemble("probe.wat");
  const room = new Room();
  // A section that is in no cache makes each of them a module to build.
  const waiting = Array.from({ length: 6 }, (_none, index) => {
    const module = Buffer.concat([probe, Buffer.from([0, 18, 1, 120]), randomBytes(16)]);
    return room.sandbox.inspect({ manifest: manifest(`waiting-${index}`), module }, never);
  });
  const ended = Promise.allSettled(waiting);
  await room[Symbol.asyncDispose]();
  await expect(room.sandbox.deploy({ manifest: manifest("late"), module: probe }, never)).rejects.toThrow("aborted");
  expect((await ended).map(({ status }) => status)).toEqual(Array(6).fill("rejected"));
  expect(children()).toBeLessThanOrEqual(before);
});
