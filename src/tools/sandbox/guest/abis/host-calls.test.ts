import initWabt from "wabt";
import { expect, test } from "vitest";
import { encodeWithBytes, type IoReply, type IoRequest } from "../../wire/index.ts";
import type { GuestHost } from "./abi.ts";
import { askHost, CAXTON_MODULE, type HostReply, HostCalls } from "./host-calls.ts";

const GUEST = `(module
  (import "caxton" "request" (func $request (param i32 i32 i32 i32) (result i32)))
  (import "caxton" "response_size" (func $size (result i32)))
  (import "caxton" "response" (func $response (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "state.get")
  (data (i32.const 16) "body")
  (func (export "ask") (param i32 i32 i32 i32) (result i32)
    (call $request (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func (export "size") (result i32) (call $size))
  (func (export "copy") (param i32 i32) (result i32) (call $response (local.get 0) (local.get 1))))`;

/** A guest with three ways to ask, and a host that answers as configured and counts the fuel it takes. */
async function guest(reply: IoReply) {
  const requests: IoRequest[] = [];
  const endings: string[] = [];
  let fuel = 0;
  const host: Pick<GuestHost, "files" | "charge" | "suspend" | "end"> = {
    files: (request, settle) => {
      requests.push(request);
      settle(reply);
    },
    charge: (amount) => void (fuel += amount),
    suspend: (begin, finish) => new Promise((resolve) => void begin((value) => resolve(finish(value)))),
    end: (outcome, detail) => {
      endings.push(`${outcome}: ${detail}`);
      return new Error(detail);
    },
  };
  const calls = new HostCalls(host);
  const wabt = await initWabt();
  const bytes = wabt.parseWat("guest.wat", GUEST).toBinary({}).buffer;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)), {
    [CAXTON_MODULE]: calls.imports(),
  });
  const { memory } = exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new Error("the guest has no memory");
  calls.memory.bind(memory);
  const run = (name: string, ...values: readonly number[]): Promise<unknown> => {
    const exported = exports[name];
    if (typeof exported !== "function") throw new Error(`the guest has no ${name}`);
    return WebAssembly.promising(exported)(...values);
  };
  return { calls, memory, run, requests, endings, fuel: () => fuel };
}

const envelope = Buffer.concat(encodeWithBytes({ found: true }, Buffer.from("value")));
const granted: IoReply = { type: "granted", body: Buffer.concat([Buffer.of(0), envelope]) };

test("a request is asked with its name and its bytes, and its answer can be copied out piece by piece", async () => {
  const { run, memory, requests, fuel, calls } = await guest(granted);
  expect(await run("ask", 0, 9, 16, 4)).toBe(0);
  expect(requests).toEqual([{ op: "request", name: "state.get", body: Buffer.from("body") }]);
  expect(await run("size")).toBe(envelope.length);
  expect(await run("copy", 100, 65_000)).toBe(envelope.length);
  expect(Buffer.from(memory.buffer, 100, envelope.length)).toEqual(envelope);
  expect(await run("copy", 200, 4)).toBe(4);
  expect(fuel()).toBeGreaterThanOrEqual(400);
  calls.endCall();
  expect(await run("size")).toBe(0);
});

test("a refusal has an answer too, and outside of a call everything is refused", async () => {
  const refusal = Buffer.concat([Buffer.of(1), ...encodeWithBytes({ code: "denied", message: "no" }, Buffer.alloc(0))]);
  const refused = await guest({ type: "granted", body: refusal });
  expect(await refused.run("ask", 0, 9, 16, 4)).toBe(1);
  expect(await refused.run("size")).toBe(refusal.length - 1);
  const outside = await guest({ type: "refused", reason: "denied" });
  expect(await outside.run("ask", 0, 9, 16, 4)).toBe(1);
  const size = Number(await outside.run("size"));
  await outside.run("copy", 100, size);
  expect(Buffer.from(outside.memory.buffer, 104, size - 4).toString()).toMatch(/"code":"denied".*no call is running/);
});

test.each([
  ["a name outside of memory", "ask", [65_530, 9, 16, 4]],
  ["a name past measure", "ask", [0, 65, 16, 4]],
  ["a request outside of memory", "ask", [0, 9, 65_530, 100]],
  ["lengths below nothing", "ask", [0, -1, 16, -1]],
  ["a place for the answer outside of memory", "copy", [65_530, 100]],
])("%s ends the guest", async (_what, name, values) => {
  const { run, endings } = await guest(granted);
  await run("ask", 0, 9, 16, 4);
  await expect(run(name, ...values)).rejects.toThrow(/memory/);
  expect(endings).toHaveLength(1);
  expect(endings[0]).toMatch(/^trap: /);
});

test("a request that is larger than a frame may be is refused, and never sent", () => {
  const replies: HostReply[] = [];
  askHost({ files: () => expect.unreachable() }, "http.fetch", Buffer.alloc(16 * 1024 * 1024 + 1), (reply) =>
    replies.push(reply),
  );
  expect(replies).toMatchObject([{ isGranted: false }]);
  expect(String(replies[0]?.envelope)).toContain('"code":"too-large"');
});
