import { expect, test } from "vitest";
import type { JsonObject } from "../../../src/kernel/json.ts";
import { AskRoom, asked, answerIn } from "./asking.ts";
import { httpGrant, Web } from "./web.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.grant-http");

test("a guest gets what is granted over HTTP, and an answer it can read for what is not", async () => {
  await using web = await Web.open((incoming, response) =>
    response.setHeader("x-method", incoming.method ?? "").end(`${incoming.method} answered`),
  );
  await using room = new AskRoom();
  const origin = `http://api.example.test:${web.port}`;
  await room.deploy({ http: [httpGrant(origin, { methods: ["GET", "POST"] })] });
  const got = await room.ask("http.fetch", { method: "POST", url: `${origin}/a`, headers: [["x-own", "1"]] }, "body");
  expect(got).toMatchObject({ isGranted: true, head: { status: 200, url: `${origin}/a` } });
  expect(got.body.toString()).toBe("POST answered");
  expect(web.seen).toMatchObject([{ method: "POST", body: "body", headers: { "x-own": "1" } }]);
  const refused = await room.ask("http.fetch", { method: "GET", url: "http://other.example.test/" });
  expect(refused).toMatchObject({ isGranted: false, head: { code: "denied" } });
  expect(refused.head["message"]).toContain("[[tool_servers.probe.grants.http]]");
  expect(room.sandbox.servers()[0]?.calls.denied).toBe(1);
  expect((await room.uses()).map(({ kind, outcome, agent }) => `${agent} ${kind} ${outcome}`)).toEqual([
    "tester http denied",
    "tester http allowed",
  ]);
});

test("redirects, private addresses and repeated name look-ups gain a guest nothing", async () => {
  await using web = await Web.open((_incoming, response) =>
    response.writeHead(302, { location: "http://127.0.0.1:1/inside" }).end(),
  );
  await using room = new AskRoom();
  const origin = `http://api.example.test:${web.port}`;
  await room.deploy({ http: [httpGrant(origin), httpGrant("http://public.example.test", { private: false })] });
  const codes = await Promise.all(
    [`${origin}/`, "http://public.example.test/", "http://localhost/", "http://[::1]/", "http://169.254.169.254/"].map(
      async (url) => (await room.ask("http.fetch", { method: "GET", url })).head["code"],
    ),
  );
  expect(codes).toEqual(["denied", "denied", "denied", "denied", "denied"]);
});

test("a call that is cancelled, or out of time, takes its request along", async () => {
  const closed: Promise<void>[] = [];
  let arrived = Promise.withResolvers<void>();
  await using web = await Web.open((incoming) => {
    const gone = Promise.withResolvers<void>();
    incoming.socket.once("close", () => gone.resolve());
    closed.push(gone.promise);
    arrived.resolve();
  });
  await using room = new AskRoom();
  const origin = `http://api.example.test:${web.port}`;
  await room.deploy({ http: [httpGrant(origin)] }, { deadlineMs: 1_000 });
  const given = asked("http.fetch", { method: "GET", url: origin });
  const stop = new AbortController();
  const cancelled = room.call("ask", given, { signal: stop.signal });
  await arrived.promise;
  stop.abort();
  expect(await cancelled).toMatchObject({ reason: "cancelled" });
  await closed[0];
  arrived = Promise.withResolvers();
  expect(await room.call("ask", given)).toMatchObject({ reason: "deadline" });
  await closed[1];
  const late = await room.ask("http.fetch", { method: "GET", url: origin, timeout_ms: 20 });
  expect(late).toMatchObject({ isGranted: false, head: { code: "timeout" } });
});

test("a guest that gives wrong pointers or sizes is stopped, and its server continues", async () => {
  await using room = new AskRoom();
  await room.deploy({ state: true });
  for (const tool of ["beyond", "long", "huge", "response"]) {
    expect(await room.call(tool), tool).toMatchObject({ type: "failed", reason: "trap" });
    expect((await room.ask("state.get", { key: "a" })).isGranted).toBe(true);
  }
});

test("a request that cannot be read is answered with the reason", async () => {
  await using room = new AskRoom();
  await room.deploy({ state: true });
  const cases: readonly (readonly [JsonObject, RegExp])[] = [
    [asked("files.delete", {}), /there is no host operation.*http\.fetch, state\.get/],
    [asked("constructor", {}), /there is no host operation/],
    [asked("state.get", "{"), /not a length, a JSON head and bytes/],
    [{ op: "state.get", hex: "ff" }, /not a length, a JSON head and bytes/],
    [asked("state.get", {}), /state\.get is wrong at key/],
    [asked("state.get", { key: "a\0b" }), /wrong at key/],
    [asked("state.get", { key: "k".repeat(513) }), /wrong at key/],
    [asked("http.fetch", { method: "get", url: "http://a.test" }), /wrong at method/],
  ];
  for (const [given, pattern] of cases) {
    const { isGranted, head } = answerIn(await room.bytes("ask", given));
    expect(isGranted).toBe(false);
    expect(head).toMatchObject({ code: "invalid", message: expect.stringMatching(pattern) });
  }
});

test("nothing can be asked before there is a call", async () => {
  await using room = new AskRoom();
  await room.deploy({ state: true });
  expect(await room.bytes("start")).toEqual(Buffer.of(1));
});

test("a flood of requests in one call is served in turn, and others' calls continue beside it", async () => {
  await using room = new AskRoom();
  await room.deploy({ state: true }, { deadlineMs: 60_000 });
  await room.ask("state.set", { key: "a" }, "value");
  const flood = room.bytes("flood", asked("state.get", { key: "a" }));
  const beside = await room.ask("state.get", { key: "a" });
  expect(beside.body.toString()).toBe("value");
  expect(answerIn(await flood).body.toString()).toBe("value");
  // The flood repeats the same request, which the ledger stores with its count.
  expect((await room.uses("allowed")).reduce((sum, { count }) => sum + count, 0)).toBe(1_003);
});

test("a thousand calls store, find, list and delete their values", async () => {
  await using room = new AskRoom();
  await room.deploy({ state: true });
  const names = Array.from({ length: 250 }, (_, at) => `key/${String(at).padStart(3, "0")}`);
  for (let from = 0; from < names.length; from += 50) {
    const some = names.slice(from, from + 50);
    const options = { session: `run-${from}` };
    await Promise.all(some.slice(0, 10).map((key) => room.ask("state.set", { key }, `value of ${key}`, options)));
    for (const key of some.slice(10)) await room.ask("state.set", { key }, `value of ${key}`, options);
  }
  for (const key of names)
    expect((await room.ask("state.get", { key }, "", { session: "reads" })).body.toString()).toBe(`value of ${key}`);
  const found: unknown[] = [];
  for (let cursor: unknown; found.length < names.length;) {
    const page = await room.ask(
      "state.list",
      { prefix: "key/", limit: 20, ...(typeof cursor === "string" && { cursor }) },
      "",
      { session: "lists" },
    );
    const { keys, next } = page.head;
    found.push(...(Array.isArray(keys) ? keys : []));
    cursor = next;
    if (next === undefined) break;
  }
  expect(found).toHaveLength(250);
  for (const key of names) await room.ask("state.delete", { key }, "", { session: "deletes" });
  for (const key of names)
    expect((await room.ask("state.get", { key }, "", { session: "reads" })).head).toEqual({ found: false });
});

test("without the grant state is refused, with what would grant it", async () => {
  await using room = new AskRoom();
  await room.deploy();
  const { isGranted, head } = await room.ask("state.set", { key: "a" }, "value");
  expect(isGranted).toBe(false);
  expect(head).toMatchObject({
    code: "denied",
    message: expect.stringContaining("[tool_servers.probe.grants]\nstate = true"),
  });
});

test("what an instance reads of the system is recorded once, as allowed or denied", async () => {
  await using room = new AskRoom({ LANG: "C" });
  await room.deploy({ clock: true });
  for (const tool of ["time", "time", "environment"]) await room.bytes(tool, {}, { session: "one" });
  await room.bytes("time", {}, { session: "two" });
  const uses = (await room.uses()).map(({ session, kind, outcome }) => `${session} ${kind} ${outcome}`);
  expect(uses.toSorted()).toEqual([
    "one clock allowed",
    "one environment denied",
    "one random denied",
    "two clock allowed",
    "two random denied",
  ]);
});

const yearOf = (bytes: Buffer): number => new Date(Number(bytes.readBigUInt64LE(0) / 1_000_000n)).getUTCFullYear();

test("an operator's permission grants one call state, time and randomness, and the next call none", async () => {
  await using room = new AskRoom();
  await room.deploy();
  const frozen = await room.bytes("time");
  const real = await room.bytes("time", {}, { isPermissive: true });
  expect([yearOf(frozen), yearOf(real) > 2_000]).toEqual([2_000, true]);
  expect((await room.ask("state.set", { key: "a" }, "1", { isPermissive: true })).isGranted).toBe(true);
  expect((await room.ask("state.get", { key: "a" })).isGranted).toBe(false);
  expect(await room.bytes("time")).toEqual(frozen);
});
