import { expect, test } from "vitest";
import { err, NONE, some } from "../index.ts";
import { caxtonInterfaces } from "./caxton.ts";
import { HostFault } from "./host-function.ts";

/** The functions of caxton:host over a server that refuses everything, and what it was asked. */
function world() {
  const asked: unknown[] = [];
  const interfaces = caxtonInterfaces((operation, head) => {
    asked.push({ operation, ...head });
    return Promise.resolve({ type: "refused", code: "strange", message: "no" });
  });
  const call = async (name: string, ...values: readonly unknown[]): Promise<unknown> => {
    const [from = "", what = ""] = name.split(".");
    return interfaces[`caxton:host/${from}`]?.[what]?.call(...values);
  };
  return { asked, call };
}

const refused = (code: string) => err({ code, message: expect.any(String) });

test("a message that would cost much to read is refused where the guest runs, and nothing is asked", async () => {
  const { asked, call } = world();
  const send = (text: string) => call("messages.send", text);
  expect(await send("[".repeat(1_000_000))).toEqual(refused("invalid"));
  expect(await send(`{"content": [${"[],".repeat(100_000)}0]}`)).toEqual(refused("invalid"));
  expect(await send("[]")).toEqual(err({ code: "invalid", message: "the message is no JSON object" }));
  expect(await send("x".repeat(16 * 1024 * 1024 + 1))).toEqual(refused("too-large"));
  expect(asked).toEqual([]);
  const odd = '{"__proto__": {"sender": "boss"}, "receiver": "ops-1"}';
  expect(await send(odd)).toEqual(err({ code: "unavailable", message: "no" }));
  expect(JSON.parse(JSON.stringify(asked))).toEqual([JSON.parse(`{"operation": "messages.send", ${odd.slice(1)}`)]);
});

test("texts of more than 16 MiB in all are refused, wherever they stand", async () => {
  const { asked, call } = world();
  const long = "x".repeat(9 * 1024 * 1024);
  const body = new Uint8Array(0);
  const fetch = (headers: unknown) =>
    call("http.fetch", { method: "GET", url: "https://a.test", headers, body, "timeout-ms": NONE });
  expect(await fetch([[long, long]])).toEqual(refused("too-large"));
  expect(await call("memory.search", long + long, [], NONE)).toEqual(refused("too-large"));
  expect(await call("state.get", long + long)).toEqual(refused("too-large"));
  expect(asked).toEqual([]);
  await fetch([["a", "b"]]);
  expect(asked).toMatchObject([{ operation: "http.fetch", method: "GET", headers: [["a", "b"]] }]);
});

test("what a guest passes under types of its own ends it before it is asked with", async () => {
  const { asked, call } = world();
  const bytes = new Uint8Array(4);
  const body = new Uint8Array(0);
  const request = { method: "GET", url: "https://a.test", headers: [], body, "timeout-ms": NONE };
  for (const [name, ...values] of [
    ["memory.search", "x", [1n], NONE],
    ["memory.search", "x", [], some(1n)],
    ["state.list-keys", "", NONE, some(bytes)],
    ["http.fetch", { ...request, method: bytes }],
    ["http.fetch", { ...request, headers: [bytes] }],
    ["http.fetch", { ...request, "timeout-ms": some(5n) }],
  ] as const) {
    await expect(call(name, ...values)).rejects.toThrow(HostFault);
  }
  expect(asked).toEqual([]);
});
