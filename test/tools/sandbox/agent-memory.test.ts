import { expect, test } from "vitest";
import type { ToolLimits, ToolResult } from "../../../src/tools/catalogue/index.ts";
import { verifies } from "../../helpers/verifies.ts";
import { Room } from "./room.ts";
import { GO, smallServer } from "./small.ts";

verifies("security.agent-memory");

const MIB = 1024 * 1024;
const grow = "(loop $on (br_if $on (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))";

/** A sandbox whose tool servers can be prepared again, with one that takes all memory it gets and then does `then`. */
async function withGrower(then = "", limits: Partial<ToolLimits> = { memoryBytesMax: 8 * MIB }) {
  const module = await smallServer({ call: `${grow} ${then}` });
  const room = new Room({}, undefined, { readModule: async () => module });
  await room.deploy(module, "s", { tools: GO, limits });
  return room;
}
const failure = (result: ToolResult): string =>
  result.type === "failed" ? `${result.reason}: ${result.message}` : result.type;

test("agents with different limits use one tool at the same time, each within its own", async () => {
  await using room = await withGrower();
  const limits = [2 * MIB, undefined, 3 * MIB, 2 * MIB + 1, 9 * MIB, 2 * MIB];
  const calls = limits.map((memoryBytesMax) => room.call("s.go", {}, memoryBytesMax ? { memoryBytesMax } : {}));
  const used = (await Promise.all(calls)).map(({ type, usage }) => [type, usage.memoryBytes / MIB]);
  expect(used).toEqual([2, 8, 3, 2, 8, 2].map((mib) => ["done", mib]));
  expect(room.sandbox.servers()).toMatchObject([{ name: "s", calls: { done: 6, failed: 0 } }]);
});

test("an instance whose memory has grown beyond a lower limit is not used for it", async () => {
  await using room = await withGrower();
  const session = "one";
  for (const memoryBytesMax of [8 * MIB, 2 * MIB, 4 * MIB, 2 * MIB]) {
    const { usage } = await room.call("s.go", {}, { session, memoryBytesMax });
    expect(usage.memoryBytes).toBe(memoryBytesMax);
  }
  room.sandbox.endSession(session);
  expect((await room.call("s.go", {}, { session, memoryBytesMax: MIB })).usage.memoryBytes).toBe(MIB);
});

test("a module with more memory at its start than the limit is an error that names both, for this limit only", async () => {
  const module = await smallServer({ pages: 32 });
  await using room = new Room({}, undefined, { readModule: async () => module });
  await room.deploy(module, "s", { tools: GO });
  for (let made = 0; made < 2; made += 1)
    expect(failure(await room.call("s.go", {}, { memoryBytesMax: MIB }))).toMatch(
      /^memory: s\.go cannot run in 1 MiB of memory, the limit of tester: the module has 32 pages of memory .*more than the 16 allowed\. Raise max_memory_usage under \[security\]/,
    );
  expect(await room.text("s.go", {}, { memoryBytesMax: 2 * MIB })).toBe("ok");
  expect(await room.text("s.go")).toBe("ok");
});

test("failures within the limit of an agent quarantine the tool for this limit only, and name its key", async () => {
  await using room = await withGrower("(if (i32.lt_u (memory.size) (i32.const 128)) (then unreachable))");
  const first = await room.call("s.go", {}, { memoryBytesMax: 2 * MIB });
  expect(failure(first)).toMatch(
    /^memory: s\.go needed more than its 2 MiB .*raise max_memory_usage under \[security\]/,
  );
  const attempts: string[] = [];
  for (let made = 0; made < 20; made += 1) attempts.push(await room.text("s.go", {}, { memoryBytesMax: 2 * MIB }));
  expect(attempts.at(-1)).toBe("quarantined");
  expect(await room.text("s.go", {}, { memoryBytesMax: 3 * MIB })).toBe("memory");
  expect(await room.text("s.go")).toBe("ok");
  expect(room.sandbox.servers()).toMatchObject([{ state: "running", reason: "" }]);
});

test("a tool server that is replaced or removed takes its copies along", async () => {
  const modules = [await smallServer({ call: grow }), await smallServer({ data: '(data (i32.const 512) "second")' })];
  let [module = new Uint8Array(0)] = modules;
  await using room = new Room({}, undefined, { readModule: async () => module });
  const limited = { memoryBytesMax: 2 * MIB };
  for (const [index, memoryBytes] of [2 * MIB, MIB / 8].entries()) {
    module = modules[index] ?? module;
    await room.deploy(module, "s", { tools: GO });
    expect(await room.call("s.go", {}, limited)).toMatchObject({ type: "done", usage: { memoryBytes } });
  }
  room.sandbox.remove("s");
  expect(await room.text("s.go", {}, limited)).toBe("unknown-tool");
});

test("a call that is cancelled or whose module cannot be read while its server is prepared ends with that", async () => {
  const module = await smallServer({ data: '(data (i32.const 512) "unique")' });
  const reads = Promise.withResolvers<Uint8Array>();
  let isLost = true;
  const readModule = () => (isLost ? Promise.reject(new Error("the disk is gone")) : reads.promise);
  await using room = new Room({ cacheDirectory: undefined }, undefined, { readModule });
  await room.deploy(module, "s", { tools: GO });
  const limited = { memoryBytesMax: 2 * MIB };
  expect(failure(await room.call("s.go", {}, limited))).toMatch(/^unavailable: s\.go .*the disk is gone/);
  isLost = false;
  const cancel = new AbortController();
  const calls = [room.text("s.go", {}, { ...limited, signal: cancel.signal }), room.text("s.go", {}, limited)];
  cancel.abort();
  expect(await calls[0]).toBe("cancelled");
  reads.resolve(module);
  expect(await calls[1]).toBe("ok");
});
