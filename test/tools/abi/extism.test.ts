import { expect, test } from "vitest";
import { small } from "./guests.ts";
import { Room, textOf } from "../sandbox/room.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.abi-extism");

test("a plug-in with neither of the known shapes gives each of its functions as a tool of texts", async () => {
  await using room = new Room();
  await room.deploy(small("extism"), "e");
  const [server] = room.sandbox.servers();
  expect(server?.interface).toBe("extism");
  expect(server?.tools.find(({ name }) => name === "count_vowels")?.inputSchema).toMatchObject({ required: ["input"] });
  expect(await room.text("e.count_vowels", { input: "Hello World" })).toBe('{"count":3}');
  expect(await room.text("e.echo", { input: "grüße" })).toBe("grüße");
});

test.each(["hyper-mcp-first", "hyper-mcp-second"])("%s lists its tools and answers as MCP has it", async (guest) => {
  await using room = new Room();
  await room.deploy(small(guest), "h");
  expect(room.sandbox.servers()[0]).toMatchObject({
    interface: "extism",
    tools: [{ name: "add" }, { name: "broken" }],
  });
  expect(await room.text("h.add", { a: 20, b: 22 })).toBe("42");
  expect(await room.text("h.broken")).toBe("bad-output");
  expect(await room.text("h.add", { a: 1, b: 2 })).toBe("3");
});

test("a description that never ends is stopped, and the deployment says so", async () => {
  await using room = new Room({ startFuel: 10_000_000 });
  await expect(room.deploy(small("hyper-mcp-endless"), "h")).rejects.toThrow(/did not list its tools \(fuel\)/);
});

test("configuration is what was granted of the environment, and nothing else", async () => {
  await using room = new Room();
  await room.deploy(small("extism"), "e", { grants: { environment: ["GREETING"] } });
  expect(await room.text("e.config", { input: "" })).toBe("hello");
  expect(await room.text("e.hidden", { input: "" })).toBe("");
});

test("variables last as long as the instance", async () => {
  await using room = new Room();
  await room.deploy(small("extism"), "e");
  const inRun = { session: "one" };
  expect(await room.text("e.count_calls", { input: "" }, inRun)).toBe("1");
  expect(await room.text("e.count_calls", { input: "" }, inRun)).toBe("2");
  expect(await room.text("e.count_calls", { input: "" }, { session: "other" })).toBe("1");
});

test("an HTTP request goes through the broker, and comes back with status, body and headers", async () => {
  const asked: unknown[] = [];
  await using room = new Room({}, (broker) => ({
    ...broker,
    http: {
      fetch: async (_caller, { method, url, headers }) => {
        asked.push({ method, url, headers });
        const body = Buffer.from("pong");
        return {
          type: "answered",
          status: 203,
          url,
          headers: [
            ["X-One", "1"],
            ["x-one", "2"],
          ],
          body,
        };
      },
    },
  }));
  await room.deploy(small("extism"), "e");
  expect(await room.text("e.fetch", { input: "https://example.org/" })).toBe('203 pong {"x-one":"1, 2"}');
  expect(asked).toEqual([{ method: "GET", url: "https://example.org/", headers: [["accept", "text/plain"]] }]);
});

test("a request that is refused makes the call fail with the reason, and is no broken limit", async () => {
  await using room = new Room();
  await room.deploy(small("extism"), "e");
  for (let call = 0; call < 7; call += 1) {
    const result = await room.call("e.fetch", { input: "https://example.org/" });
    expect(result).toMatchObject({ reason: "tool-error", message: expect.stringContaining("https://example.org/") });
  }
});

// guest.extism-memory.M1
test.each([
  ["fail", "tool-error", /it does not like that/],
  ["code", "tool-error", /it returned 7/],
  ["silent_fail", "tool-error", /said so, and returned 0/],
  ["foreign", "tool-error", /"mult", a function that this host does not have/],
  ["vars_over_cap", "tool-error", /variables take more than 1048576 bytes/],
  ["loop", "fuel", /all 100,000,000 fuel/],
  ["recurse", "trap", /calls itself too deeply/],
  ["wrong_offset", "trap", /outside of the plug-in memory/],
  ["negative_offset", "trap", /outside of the plug-in memory/],
  ["output_outside", "trap", /outside of the plug-in memory/],
  ["huge_alloc", "memory", /shares with the host is full/],
  ["alloc_forever", "memory", /shares with the host is full/],
  ["alloc_small", "memory", /shares with the host is full/],
  ["output_flood", "bad-output", /larger than 1048576 bytes/],
  ["error_flood", "bad-output", /larger than 1048576 bytes/],
  ["body_flood", "trap", /request of more than 16777216 bytes/],
  ["deep_request", "tool-error", /no JSON object with a url/],
  ["bad_utf8", "bad-output", /not UTF-8/],
])("a plug-in that does %s ends as %s, and the next call is served", async (tool, reason, words) => {
  await using room = new Room();
  await room.deploy(small("extism"), "e");
  expect(await room.call(`e.${tool}`, { input: "x" })).toMatchObject({ reason, message: expect.stringMatching(words) });
  expect(await room.text("e.echo", { input: "still here" })).toBe("still here");
});

test("a refused request of an endless URL is reported in few words", async () => {
  await using room = new Room();
  await room.deploy(small("extism"), "e");
  const result = await room.call("e.url_flood", { input: "" });
  expect(result).toMatchObject({ reason: "tool-error", message: expect.stringContaining("HTTP request to xxx") });
  expect(JSON.stringify(result).length).toBeLessThan(10_000);
});

test("memory that is given back can be had again, and each call has all of it", async () => {
  await using room = new Room();
  await room.deploy(small("extism"), "e", { limits: { memoryBytesMax: 2 * 1024 * 1024 } });
  const inRun = { session: "one" };
  for (let call = 0; call < 3; call += 1) expect(await room.text("e.free_all", { input: "" }, inRun)).toBe("freed");
});

test("a flood of logs is cut, and a function called then is a tool like others", async () => {
  await using room = new Room();
  await room.deploy(small("extism"), "e");
  expect(await room.text("e.log_flood", { input: "" })).toBe("said");
  expect(await room.text("e.then", { input: "" })).toBe("then");
});

test("plug-ins that wait for an answer are ended at their deadline, however many there are", async () => {
  await using room = new Room({}, (broker) => ({
    ...broker,
    http: { fetch: () => new Promise<never>(() => {}) },
  }));
  await room.deploy(small("extism"), "e", { limits: { deadlineMs: 50 } });
  const calls = Array.from({ length: 12 }, () => room.call("e.fetch", { input: "https://example.org/" }));
  expect((await Promise.all(calls)).map(textOf)).toEqual(Array.from({ length: 12 }, () => "deadline"));
});
