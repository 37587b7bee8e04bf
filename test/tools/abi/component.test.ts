import { expect, test } from "vitest";
import {
  type Exported,
  component,
  fieldMaker,
  FIRST_TYPE,
  PREAMBLE,
  program,
  TYPE,
  text,
  vector,
} from "./component-kit.ts";
import { large, small } from "./guests.ts";
import { Room, textOf } from "../sandbox/room.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.abi-component");

const js = (): Buffer => large("component-js");

test("a component's functions are tools, with their WIT types as JSON Schema", async () => {
  await using room = new Room();
  await room.deploy(js(), "c");
  const [server] = room.sandbox.servers();
  expect(server?.interface).toBe("component");
  const tools = new Map(server?.tools.map((tool) => [tool.name, tool]));
  expect([...tools.keys()].toSorted()).toEqual([
    "add",
    "bytes",
    "flood",
    "local_demo_asking_find",
    "local_demo_asking_get",
    "local_demo_asking_keep",
    "local_demo_asking_tell",
    "local_demo_shapes_corners",
    "local_demo_shapes_describe",
    "loop",
    "nested",
    "recurse",
    "then",
    "wait",
  ]);
  expect(tools.get("add")?.inputSchema).toEqual({
    type: "object",
    properties: {
      a: { type: "integer", minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
      b: { type: "integer", minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
    },
    required: ["a", "b"],
    additionalProperties: false,
  });
  expect(tools.get("local_demo_shapes_describe")?.inputSchema).toMatchObject({
    properties: {
      it: { oneOf: [{ properties: { tag: { const: "circle" }, val: { type: "number" } } }, {}, { required: ["tag"] }] },
      colour: { anyOf: [{ type: "null" }, { enum: ["red", "green"] }] },
      style: { properties: { bold: { type: "boolean" } } },
    },
    required: ["it", "style"],
  });
  expect(tools.get("local_demo_shapes_corners")?.outputSchema).toMatchObject({
    properties: { result: { type: "array", items: { minItems: 2, maxItems: 2 } } },
  });
});

test("values of every kind go in and come out", async () => {
  await using room = new Room();
  await room.deploy(js(), "c");
  const inRun = { session: "one" };
  expect(await room.call("c.add", { a: -3, b: 5 }, inRun)).toMatchObject({ type: "done", structured: { result: 2 } });
  const shape = {
    tag: "polygon",
    val: [
      { x: 1, y: -2 },
      { x: 3, y: 4 },
    ],
  };
  const described = { it: shape, colour: "green", style: { bold: true, dashed: true } };
  expect(await room.text("c.local_demo_shapes_describe", described, inRun)).toBe("polygon 1,-2 3,4 green bold+dashed");
  const plain = { it: { tag: "nothing" }, colour: null, style: {} };
  expect(await room.text("c.local_demo_shapes_describe", plain, inRun)).toBe("nothing  plain ");
  expect(await room.call("c.local_demo_shapes_corners", { count: 2, far: 7 }, inRun)).toMatchObject({
    structured: {
      result: [
        [0, 7],
        [1, 7],
      ],
    },
  });
  expect(await room.call("c.bytes", { given: Buffer.of(0, 1, 254).toString("base64") }, inRun)).toMatchObject({
    structured: { result: Buffer.of(255, 254, 1).toString("base64") },
  });
  for (const given of [null, { some: null }, { some: true }]) {
    expect(await room.call("c.nested", { given }, inRun)).toMatchObject({ structured: { result: given } });
  }
  expect(await room.call("c.then", {}, inRun)).toMatchObject({ structured: { result: "é" } });
});

test("the error of a result, and an argument that its type does not allow, are tool errors", async () => {
  await using room = new Room();
  await room.deploy(js(), "c");
  const none = await room.call("c.local_demo_shapes_corners", { count: 0, far: 1 });
  expect(none).toMatchObject({ reason: "tool-error", message: expect.stringContaining("no corners") });
  const wrong = await room.call("c.add", { a: 1.5, b: 2 });
  expect(wrong).toMatchObject({ reason: "tool-error", message: expect.stringMatching(/a has to be a whole number/) });
});

test.each([
  ["loop", "fuel", /all 100,000,000 fuel/],
  ["flood", "bad-output", /larger than 65536 bytes/],
])("a component that does %s is stopped, and the next call is served", async (tool, reason, words) => {
  await using room = new Room();
  await room.deploy(js(), "c", { limits: { resultBytesMax: 64 * 1024 } });
  expect(await room.call(`c.${tool}`)).toMatchObject({ reason, message: expect.stringMatching(words) });
  expect(await room.text("c.wait", { milliseconds: 5 })).toBe("5");
});

test("endless recursion ends within the component or at its stack, and the next call is served", async () => {
  await using room = new Room();
  await room.deploy(js(), "c");
  expect(await room.text("c.recurse")).toMatch(/^(?:trap|fuel|memory|tool-error)$/);
  expect(await room.text("c.wait", { milliseconds: 5 })).toBe("5");
});

const WAT = (realloc: string): string => `(module
  (import "h" "wait" (func $wait (param i64) (result i32)))
  (import "h" "block" (func $block (param i32)))
  (import "h" "drop" (func $drop (param i32)))
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 4096))
  (data (i32.const 16) "\\f0\\ff\\ff\\ff\\10\\00\\00\\00")
  (data (i32.const 32) "\\00\\00\\00\\00\\ff\\ff\\ff\\7f")
  (data (i32.const 48) "\\40\\00\\00\\00\\02\\00\\00\\00")
  (data (i32.const 64) "\\ff\\fe")
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${realloc})
  (func (export "outside") (result i32) i32.const 16)
  (func (export "endless") (result i32) i32.const 32)
  (func (export "broken") (result i32) i32.const 48)
  (func (export "nine") (result i32) i32.const 9)
  (func (export "half") (result i32) i32.const 0xd800)
  (func (export "far") (result i32) i32.const 0x7ffffff0)
  (func (export "echo") (param i32 i32) (result i32)
    (i32.store (i32.const 128) (local.get 0)) (i32.store (i32.const 132) (local.get 1)) i32.const 128)
  (func (export "wait") (param i64) (local i32)
    (local.set 1 (call $wait (local.get 0))) (call $block (local.get 1)) (call $drop (local.get 1)))
  (func (export "stranger") (call $block (i32.const 77)))
  (func (export "twice") (local i32)
    (local.set 0 (call $wait (i64.const 0))) (call $drop (local.get 0)) (call $drop (local.get 0)))
  (func (export "hoard") (loop (drop (call $wait (i64.const 0))) (br 0))))`;

const BUMP = `(local i32) (local.set 4 (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
  (global.set $top (i32.add (local.get 4) (local.get 3))) (local.get 4)`;
const [NUMBERS, COLOUR] = [FIRST_TYPE, FIRST_TYPE + 1];
const TYPES = [
  [0x70, TYPE.u32],
  [0x6d, ...vector([text("red"), text("green")])],
];
const FUNCTIONS: readonly Exported[] = [
  { name: "outside", result: [NUMBERS], core: "outside" },
  { name: "endless", result: [NUMBERS], core: "endless" },
  { name: "broken", result: [TYPE.string], core: "broken" },
  { name: "nine", result: [COLOUR], core: "nine" },
  { name: "half", result: [TYPE.char], core: "half" },
  { name: "far", result: [TYPE.string], core: "far" },
  { name: "echo", parameters: [["given", [TYPE.string]]], result: [TYPE.string], core: "echo" },
  { name: "wait", parameters: [["nanoseconds", [TYPE.u64]]], core: "wait" },
  { name: "stranger", core: "stranger" },
  { name: "twice", core: "twice" },
  { name: "hoard", core: "hoard" },
];
const handmade = (realloc = BUMP): Promise<Uint8Array> => component(WAT(realloc), FUNCTIONS, TYPES);

test("a component made by hand runs: texts cross, and waiting takes the time it says", async () => {
  await using room = new Room();
  await room.deploy(await handmade(), "h");
  expect(await room.text("h.echo", { given: "grüße" })).toBe("grüße");
  const waited = await room.call("h.wait", { nanoseconds: 30_000_000 });
  expect(waited.type).toBe("done");
  expect(waited.usage.durationMs).toBeGreaterThanOrEqual(30);
});

// guest.component-functions.F1
test.each([
  ["outside", "bad-output", /outside of its memory/],
  ["endless", "bad-output", /more than 200000 members/],
  ["broken", "bad-output", /not in its encoding/],
  ["nine", "bad-output", /the case 9/],
  ["half", "bad-output", /a character is invalid/],
  ["far", "bad-output", /outside of its memory/],
  ["stranger", "trap", /lent a resource that it has not/],
  ["twice", "trap", /named a resource that it has not/],
  ["hoard", "trap", /too many resources/],
])("what a hostile component does (%s) ends it, and the next call is served", async (tool, reason, words) => {
  await using room = new Room();
  await room.deploy(await handmade(), "h");
  expect(await room.call(`h.${tool}`)).toMatchObject({ reason, message: expect.stringMatching(words) });
  expect(await room.text("h.echo", { given: "still here" })).toBe("still here");
});

// guest.component-functions.F2
test.each([
  ["lies", "i32.const 0x7ffffff8", "bad-output", /outside of its memory/],
  ["loops", "(loop (br 0)) unreachable", "fuel", /all 100,000,000 fuel/],
  ["traps", "unreachable", "trap", /unreachable/],
  ["calls the host", "(drop (call $wait (i64.const 1))) i32.const 8", "trap", /its allocator called the host/],
])("an allocator that %s ends the call", async (_what, realloc, reason, words) => {
  await using room = new Room();
  await room.deploy(await handmade(realloc), "h");
  const result = await room.call("h.echo", { given: "x" });
  expect(result).toMatchObject({ reason, message: expect.stringMatching(words) });
});

/** Makes so many fields of 60,000 bytes, and lets go of none. */
const HOARD = `(module (import "env" "memory" (memory 1)) (import "h" "make" (func $make (result i32)))
  (import "h" "append" (func $append (param i32 i32 i32 i32 i32) (result i32)))
  (data (i32.const 16) "name")
  (func (export "hoard") (param i32)
    (memory.fill (i32.const 1024) (i32.const 120) (i32.const 60000))
    (loop
      (drop (call $append (call $make) (i32.const 16) (i32.const 4) (i32.const 1024) (i32.const 60000)))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if 0 (local.get 0)))))`;

// system.host-memory-budget.H1
test("what the host keeps for a component has its memory limit, in one call or over several", async () => {
  await using room = new Room();
  await room.deploy(await fieldMaker(HOARD), "h", { limits: { memoryBytesMax: 2 * 1024 * 1024 } });
  const inRun = { session: "one" };
  const tooMuch = { reason: "memory", message: expect.stringContaining("the host keep more than its memory limit") };
  expect(await room.call("h.hoard", { count: 1_000 }, inRun)).toMatchObject(tooMuch);
  for (let call = 0; call < 3; call += 1) {
    expect(await room.call("h.hoard", { count: 10 }, inRun)).toMatchObject({ type: "done" });
  }
  expect(await room.call("h.hoard", { count: 10 }, inRun)).toMatchObject(tooMuch);
});

test("components that wait are ended at their deadline, however many there are", async () => {
  await using room = new Room();
  await room.deploy(await handmade(), "h", { limits: { deadlineMs: 50 } });
  const calls = Array.from({ length: 12 }, () => room.call("h.wait", { nanoseconds: 60_000_000_000 }));
  expect((await Promise.all(calls)).map(textOf)).toEqual(Array.from({ length: 12 }, () => "deadline"));
});

test("a damaged component is refused, wherever it is cut or changed", async () => {
  await using room = new Room();
  const whole = await handmade();
  const damaged = [whole.slice(0, 9), whole.slice(0, 40), whole.slice(0, -3), Uint8Array.from([...PREAMBLE, 99, 1, 0])];
  for (const bytes of damaged) {
    await expect(room.deploy(bytes, "h")).rejects.toThrow(/cannot be deployed/);
  }
});

test("a component that is a program is spoken to in MCP on its standard streams, and may leave after an answer", async () => {
  await using room = new Room();
  await room.deploy(await program(small("program")), "p");
  expect(room.sandbox.servers()[0]).toMatchObject({
    interface: "component",
    tools: [{ name: "ping" }, { name: "leave" }],
  });
  const inRun = { session: "one" };
  for (const tool of ["ping", "ping", "leave", "ping"]) expect(await room.text(`p.${tool}`, {}, inRun)).toBe("pong");
});

test("an MCP server in plain Go is served over its standard streams", async () => {
  await using room = new Room();
  await room.deploy(large("stdio-go"), "g");
  expect(room.sandbox.servers()[0]).toMatchObject({ interface: "wasi-stdio", tools: [{ name: "title" }] });
  expect(await room.text("g.title", { text: "hello" })).toBe("HELLO");
});
