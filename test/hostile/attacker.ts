import { expect } from "vitest";
import initWabt from "wabt";
import type { JsonObject } from "../../src/kernel/json.ts";
import { assemble, isAlive, Room, textOf } from "../tools/sandbox/room.ts";

/** Guests that do one bad thing each, made from a few lines of WebAssembly text. From 0x20000 to 0x40000 memory is theirs. */
export type Attack = {
  /** What `describe_tools` or `tools/list` answers; default: one tool, `attack`. */
  readonly list?: string;
  /** Imports, in WebAssembly text; default: none. */
  readonly imports?: string;
  /** Anything else in the module: types, functions, tables, data. */
  readonly parts?: string;
  /** What a call does, in WebAssembly text; default: nothing but answer `"ok"`. */
  readonly call?: string;
  /** What `describe_tools` does besides, in WebAssembly text. */
  readonly describe?: string;
  readonly pages?: number;
};

export const toolList = (...names: readonly string[]): string =>
  JSON.stringify({ tools: names.map((name) => ({ name, inputSchema: { type: "object" } })) });

/** Text as it stands in a data segment. */
export const inText = (text: string | Uint8Array): string =>
  [...Buffer.from(text)].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");

const OK = '"ok"';
const LIST_AT = 0x40000;
const PAGE_BYTES = 65_536;

const pagesFor = (list: string): number => Math.ceil((LIST_AT + Buffer.byteLength(list)) / PAGE_BYTES) + 1;

/** A tool server of the core interface. */
export function attacker({
  list = toolList("attack"),
  imports = "",
  parts = "",
  call = "",
  describe = "",
  pages,
}: Attack) {
  return binary(`(module
    ${imports}
    (memory (export "memory") ${pages ?? pagesFor(list)})
    (data (i32.const 512) "${inText(OK)}")
    (data (i32.const ${LIST_AT}) "${inText(list)}")
    (global $at (mut i32) (i32.const 0))
    (global $length (mut i32) (i32.const 0))
    (func (export "result_ptr") (result i32) (global.get $at))
    (func (export "result_len") (result i32) (global.get $length))
    (func (export "alloc") (param i32) (result i32) (i32.const 1024))
    (func (export "describe_tools") (result i32)
      (global.set $at (i32.const ${LIST_AT}))
      (global.set $length (i32.const ${Buffer.byteLength(list)}))
      ${describe}
      (i32.const 0))
    ${parts}
    (func (export "handle_tool_call") (param i32 i32) (result i32)
      (global.set $at (i32.const 512))
      (global.set $length (i32.const ${OK.length}))
      ${call}
      (i32.const 0)))`);
}

/**
 * A tool server that speaks MCP over standard streams, a byte at a time. `call` may use `$say` (address, length),
 * `$answer` (the id to give), and `$id`, the id of the call.
 */
export function speaker({ list = toolList("attack"), imports = "", parts = "", call = "" }: Attack) {
  const hello = `,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}}\n`;
  const texts = [`{"jsonrpc":"2.0","id":`, hello, `,"result":${list}}\n`, `,"result":{"content":[]}}\n`];
  const places: string[] = [];
  let at = LIST_AT;
  const data = texts.map((text) => {
    places.push(`(i32.const ${at}) (i32.const ${Buffer.byteLength(text)})`);
    const segment = `(data (i32.const ${at}) "${inText(text)}")`;
    at += Buffer.byteLength(text);
    return segment;
  });
  const [head = "", greeting = "", listed = "", done = ""] = places;
  return binary(`(module
    (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    ${imports}
    (memory (export "memory") ${Math.ceil(at / PAGE_BYTES) + 1})
    ${data.join("\n")}
    (global $id (mut i32) (i32.const 0))
    (global $used (mut i32) (i32.const 0))
    ${SAYING}
    (func $reply (param $id i32) (param $at i32) (param $length i32)
      (call $say ${head})
      (call $number (local.get $id))
      (call $say (local.get $at) (local.get $length)))
    (func $answer (param $id i32) (call $reply (local.get $id) ${done}))
    ${parts}
    ;; The id stands behind {"jsonrpc":"2.0","id": and the method behind that.
    (func $line
      (local $at i32) (local $byte i32)
      (if (i32.eq (i32.load8_u (i32.const 8210)) (i32.const 109)) (then (return)))
      (local.set $at (i32.const 8214))
      (global.set $id (i32.const 0))
      (block $found
        (loop $next
          (local.set $byte (i32.load8_u (local.get $at)))
          (br_if $found (i32.eq (local.get $byte) (i32.const 44)))
          (global.set $id
            (i32.add (i32.mul (global.get $id) (i32.const 10)) (i32.sub (local.get $byte) (i32.const 48))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next)))
      (local.set $at (i32.add (local.get $at) (i32.const 11)))
      (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 105))
        (then (call $reply (global.get $id) ${greeting}) (return)))
      (if (i32.eq (i32.load8_u (i32.add (local.get $at) (i32.const 6))) (i32.const 108))
        (then (call $reply (global.get $id) ${listed}) (return)))
      ${call}
      (call $answer (global.get $id)))
    ${READING})`);
}

const SAYING = `(func $say (param $at i32) (param $length i32)
      (i32.store (i32.const 0) (local.get $at))
      (i32.store (i32.const 4) (local.get $length))
      (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64))))
    ;; Says a number below 1,000.
    (func $number (param $value i32)
      (i32.store8 (i32.const 128) (i32.add (i32.const 48) (i32.div_u (local.get $value) (i32.const 100))))
      (i32.store8 (i32.const 129)
        (i32.add (i32.const 48) (i32.rem_u (i32.div_u (local.get $value) (i32.const 10)) (i32.const 10))))
      (i32.store8 (i32.const 130) (i32.add (i32.const 48) (i32.rem_u (local.get $value) (i32.const 10))))
      (if (i32.ge_u (local.get $value) (i32.const 100)) (then (call $say (i32.const 128) (i32.const 3)) (return)))
      (if (i32.ge_u (local.get $value) (i32.const 10)) (then (call $say (i32.const 129) (i32.const 2)) (return)))
      (call $say (i32.const 130) (i32.const 1)))`;

const READING = `(func (export "_start")
      (local $at i32)
      (loop $again
        (global.set $used (i32.const 0))
        (block $whole
          (loop $next
            (local.set $at (i32.add (i32.const 8192) (global.get $used)))
            (i32.store (i32.const 32) (local.get $at))
            (i32.store (i32.const 36) (i32.const 1))
            (br_if $whole (call $fd_read (i32.const 0) (i32.const 32) (i32.const 1) (i32.const 64)))
            (global.set $used (i32.add (global.get $used) (i32.const 1)))
            (br_if $whole (i32.eq (i32.load8_u (local.get $at)) (i32.const 10)))
            (br $next)))
        (call $line)
        (br $again)))`;

/** WebAssembly text as a module. */
export async function binary(text: string): Promise<Uint8Array> {
  const wabt = await initWabt();
  const parsed = wabt.parseWat("attacker.wat", text, FEATURES);
  try {
    return parsed.toBinary({}).buffer;
  } finally {
    parsed.destroy();
  }
}
const FEATURES = { exceptions: true, threads: true, reference_types: true, bulk_memory: true, multi_memory: true };

/** A sandbox of one child, with a well-behaved server beside the attackers. */
export async function arena(...options: ConstructorParameters<typeof Room>): Promise<Room> {
  const room = new Room(...options);
  await room.deploy(await assemble("probe.wat"), "neighbour", { limits: { deadlineMs: 30_000 } });
  expect(await room.text("neighbour.answer", {}, { session: "neighbour" })).toBe("ok");
  return room;
}

/** That the neighbour answers in its own run, and that the child is the one it was, or another that lives. */
export async function unharmed(room: Room, before: readonly number[]): Promise<"alive" | "replaced"> {
  expect(await room.text("neighbour.answer", {}, { session: "neighbour" })).toBe("ok");
  const now = room.pids();
  expect(now).toHaveLength(1);
  expect(now.every(isAlive)).toBe(true);
  expect(room.sandbox.servers().find(({ name }) => name === "neighbour")?.calls.failed).toBe(0);
  return now[0] === before[0] ? "alive" : "replaced";
}

/** Calls the attacker while the neighbour is called too, and again; returns its result and the state of the child. */
export async function attackIn(room: Room, tool = "attacker.attack", given: JsonObject = {}) {
  const before = room.pids();
  const [result, beside] = await Promise.all([room.call(tool, given), room.text("neighbour.answer")]);
  expect(beside).toBe("ok");
  return { result, text: textOf(result), child: await unharmed(room, before) };
}

/** Bytes that the server's own process holds. */
export const heldBytes = (): number => process.memoryUsage().rss;
