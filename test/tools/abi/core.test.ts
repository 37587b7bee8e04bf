import { expect, test } from "vitest";
import initWabt from "wabt";
import { ToolServerRefusedError } from "../../../src/tools/sandbox/index.ts";
import { readManifest, type ToolManifest } from "../../../src/tools/catalogue/index.ts";
import { hashesOf, readPins, small, SMALL_NAMES } from "./guests.ts";
import { Room, textOf } from "../sandbox/room.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.abi-core");

const declared = (name: string): Pick<ToolManifest, "tools"> => ({
  tools: [{ name, description: "adds", input_schema: { type: "object" }, read_only: true, idempotent: false }],
});

test("each committed guest is the one that its sources made", () => {
  expect(Object.fromEntries(SMALL_NAMES.map((name) => [name, hashesOf(name)]))).toEqual(readPins());
});

// guest.core.C1
test("a module of the core interface is known by its exports, and describes its tools", async () => {
  await using room = new Room();
  await room.deploy(small("core"), "c");
  const [server] = room.sandbox.servers();
  expect(server).toMatchObject({ interface: "core", isSandboxed: true });
  expect(server?.tools.map(({ name }) => name)).toContain("add");
  expect(await room.call("c.add", { a: 3, b: -5 })).toMatchObject({
    type: "done",
    content: [{ text: '{"sum":-2}' }],
    structured: { sum: -2 },
  });
});

test("a manifest lists tools as the guide says, and refuses a schema of anything but an object", () => {
  const head = 'name = "c"\nversion = "1.0.0"\n[[tools]]\nname = "add"\n';
  const read = readManifest(`${head}read_only = true\n[tools.input_schema]\ntype = "object"\n`, "tool.toml");
  expect(read.type === "valid" && read.manifest.tools).toMatchObject([
    { name: "add", read_only: true, idempotent: false },
  ]);
  expect(readManifest(`${head}[tools.input_schema]\ntype = "string"\n`, "tool.toml").type).toBe("invalid");
});

// guest.core.C3
test("the tools of a module that does not describe them are those of its manifest", async () => {
  await using room = new Room();
  await room.deploy(small("core-plain"), "c", declared("add"));
  expect(room.sandbox.servers()[0]?.tools).toMatchObject([{ name: "add", effects: { readOnly: true } }]);
  expect(await room.text("c.add", { a: 1, b: 2 })).toBe('{"sum":3}');
});

test("without a description and without a manifest's list it is refused, with what to do", async () => {
  await using room = new Room();
  await expect(room.deploy(small("core-plain"), "c")).rejects.toThrow(/its manifest lists none \(\[\[tools\]\]\)/);
});

test.each(["core-rust:reverse:olleh", "core-assembly:shout:HELLO!"])("%s", async (line) => {
  const [guest = "", tool = "", expected = ""] = line.split(":");
  await using room = new Room();
  await room.deploy(small(guest), "c");
  expect(await room.text(`c.${tool}`, { text: "hello" })).toBe(expected);
});

test("what AssemblyScript throws is reported with its place, and the next call is served", async () => {
  await using room = new Room();
  await room.deploy(small("core-assembly"), "c");
  expect(await room.call("c.give_up")).toMatchObject({ reason: "trap", message: expect.stringContaining("no more") });
  expect(await room.text("c.shout", { text: "again" })).toBe("AGAIN!");
  expect(room.sandbox.logs("c").map(({ text }) => text)).toEqual(["info: heard it"]);
});

// guest.core.C2
test("an error code is a tool's error, with the text that it left", async () => {
  await using room = new Room();
  await room.deploy(small("core"), "c");
  expect(await room.call("c.fail")).toMatchObject({
    reason: "tool-error",
    message: expect.stringContaining("it does not like that"),
  });
});

test("the host's functions are there under both names: time, waiting, logs, data", async () => {
  const kept = new Map<string, Uint8Array>();
  await using room = new Room({}, (broker) => ({
    ...broker,
    state: {
      ...broker.state,
      get: async (_caller, key) => kept.get(key),
      set: async (_caller, key, value) => {
        kept.set(key, Buffer.from(value));
        return undefined;
      },
    },
  }));
  await room.deploy(small("core"), "c", { grants: { state: true } });
  expect(await room.text("c.clock")).toBe("946684800000000");
  expect(await room.text("c.wait")).toBe("waited");
  expect(await room.text("c.recall")).toBe("");
  expect(await room.text("c.remember")).toBe("0");
  expect(await room.text("c.recall")).toBe("value");
  const heard: string[] = [];
  const onLog = (lines: readonly { readonly text: string }[]) => heard.push(...lines.map(({ text }) => text));
  expect(await room.text("c.log", {}, { onLog })).toBe("logged");
  expect(heard).toEqual(["warn: heard"]);
  expect(room.sandbox.logs("c").map(({ text }) => text)).toEqual(["warn: heard"]);
});

test.each([
  ["loop", "fuel", /all 100,000,000 fuel/],
  ["outside", "bad-output", /64 bytes at 4294967280, is outside of its memory/],
  ["huge", "bad-output", /larger than 1048576 bytes/],
  ["utf8", "bad-output", /not UTF-8/],
  ["notjson", "bad-output", /not JSON: "sum: 3"/],
  ["deep", "bad-output", /nested deeper than 64/],
])("a call that does %s is stopped for its reason, and the next one is served", async (tool, reason, words) => {
  await using room = new Room();
  await room.deploy(small("core"), "c");
  expect(await room.call(`c.${tool}`)).toMatchObject({ reason, message: expect.stringMatching(words) });
  expect(await room.text("c.add", { a: 1, b: 1 })).toBe('{"sum":2}');
});

test("memory does not grow past its limit, and a tool called then is a tool like others", async () => {
  await using room = new Room();
  await room.deploy(small("core"), "c");
  expect(await room.text("c.grow")).toBe(String(2 ** 32 - 1));
  expect(await room.text("c.then")).toBe("then");
});

test.each([
  ["lying-null", "memory", /gave 0 for/],
  ["lying-outside", "trap", /gave 4294967280 for/],
])("an allocator that lies (%s) is not written through", async (guest, reason, words) => {
  await using room = new Room();
  await room.deploy(small(guest), "c", declared("any"));
  expect(await room.call("c.any")).toMatchObject({ reason, message: expect.stringMatching(words) });
});

test("a call that waits in the host is ended at its deadline, and nothing of it is left behind", async () => {
  await using room = new Room({}, (broker) => ({
    ...broker,
    state: { ...broker.state, get: () => new Promise<never>(() => {}) },
  }));
  await room.deploy(small("core"), "c", { limits: { deadlineMs: 50 }, grants: { state: true } });
  const results = await Promise.all(Array.from({ length: 12 }, () => room.call("c.recall")));
  expect(results.map(textOf)).toEqual(Array.from({ length: 12 }, () => "deadline"));
});

test("a module with the right export but without a way to return a result is refused with what is missing", async () => {
  await using room = new Room();
  const refused = room.deploy(handlerOnly(), "c");
  await expect(refused).rejects.toBeInstanceOf(ToolServerRefusedError);
  await expect(refused).rejects.toThrow(/exports handle_tool_call, but not memory, an allocator/);
});

const NUMBER = "(result i32) i32.const 0";
/** A core module that has all exports of the core interface and one more import. */
const importing = (what: string): Promise<Uint8Array> =>
  wat(
    `(module ${what} (memory (export "memory") 1)
       (func (export "caxton_alloc") (param i32) ${NUMBER}) (func (export "handle_tool_call") (param i32 i32) ${NUMBER})
       (func (export "result_ptr") ${NUMBER}) (func (export "result_len") ${NUMBER}))`,
  );

async function wat(source: string): Promise<Uint8Array> {
  const wabt = await initWabt();
  const parsed = wabt.parseWat("module.wat", source);
  try {
    return parsed.toBinary({}).buffer;
  } finally {
    parsed.destroy();
  }
}

test.each([
  ['(import "env" "unknown_fn" (func))', /it imports the function env\.unknown_fn, which the sandbox does not have/],
  ['(import "caxton" "frobnicate" (func))', /it imports the function caxton\.frobnicate, which/],
  ['(import "env" "count" (global i32))', /it imports the global env\.count, which/],
  ['(import "env" "process_spawn" (func))', /it imports env\.process_spawn, which tools are not given/],
  ['(import "elsewhere" "f" (func))', /it imports the function elsewhere\.f, which/],
])("a module with all exports and the import %s is refused for the import", async (what, words) => {
  await using room = new Room();
  await expect(room.deploy(await importing(what), "c")).rejects.toThrow(words);
});

test("a module that says it is out of memory and then prints a long trace ends as memory", async () => {
  const text = `fatal error: runtime: out of memory\\n${"goroutine 1 [running]:\\n\\tmain.go:1 +0x1\\n".repeat(80)}`;
  const length = text.replaceAll(/\\[nt]/g, "x").length;
  const module = await wat(
    `(module (import "env" "console_error" (func $say (param i32 i32))) (memory (export "memory") 1)
       (data (i32.const 1024) "${text}")
       (func (export "caxton_alloc") (param i32) (result i32) i32.const 8)
       (func (export "handle_tool_call") (param i32 i32) (result i32)
         (call $say (i32.const 1024) (i32.const ${length})) unreachable)
       (func (export "result_ptr") ${NUMBER}) (func (export "result_len") ${NUMBER}))`,
  );
  expect(length).toBeGreaterThan(2_000);
  await using room = new Room();
  await room.deploy(module, "c", declared("any"));
  expect(await room.call("c.any")).toMatchObject({ reason: "memory" });
});

test("a module of a known kind without any tool is refused", async () => {
  await using room = new Room();
  const refused = room.deploy(
    await wat(
      '(module (import "extism:host/env" "input_length" (func (result i64))) (memory 1) (func (export "_run")))',
    ),
    "x",
  );
  await expect(refused).rejects.toThrow(/no tool was found in the module/);
});

/** (module (func (export "handle_tool_call") (result i32) i32.const 0)) */
const handlerOnly = (): Uint8Array =>
  Buffer.concat([
    Buffer.from("0061736d01000000" + "010501600001 7f".replace(" ", "") + "03020100", "hex"),
    Buffer.from([7, 20, 1, 16]),
    Buffer.from("handle_tool_call"),
    Buffer.from([0, 0]),
    Buffer.from("0a06010400 41000b".replace(" ", ""), "hex"),
  ]);
