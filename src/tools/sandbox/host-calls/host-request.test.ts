import * as fc from "fast-check";
import { expect, test } from "vitest";
import { mint, ToolCallId } from "../../../kernel/ids.ts";
import { NO_GRANTS } from "../../catalogue/index.ts";
import { type Broker, type Caller, hostRefused, type HttpRequest, type SystemUse } from "./broker.ts";
import { answerHostRequest, readHostRequest } from "./host-request.ts";
import { decodeWithBytes, encodeWithBytes } from "../wire/index.ts";

const caller: Caller = {
  server: "one",
  grants: NO_GRANTS,
  call: mint(ToolCallId),
  context: { session: "s", workspace: "default", agent: undefined, files: [] },
};
const never = new AbortController().signal;
const unused = () => Promise.reject(new Error("nothing of this is used"));
const brokerWith = (parts: Partial<Broker>): Broker => ({
  files: {
    open: unused,
    stat: unused,
    list: unused,
    createDirectory: unused,
    rename: unused,
    remove: unused,
    setTimes: unused,
    readLink: unused,
    makeLink: unused,
    link: unused,
  },
  http: { fetch: unused },
  messages: { send: unused },
  memory: { search: unused },
  state: { get: unused, set: unused, delete: unused, list: unused },
  environment: () => [],
  confidential: () => [],
  ...parts,
});
const read = (name: string, head: object, bytes: Uint8Array = new Uint8Array(0)) =>
  readHostRequest(name, Buffer.concat(encodeWithBytes(head, bytes)));
const answer = async (broker: Broker, ...request: Parameters<typeof read>) => {
  const { refusal, parts } = await answerHostRequest(broker, caller, read(...request), never);
  const whole = Buffer.concat(parts);
  const decoded = decodeWithBytes(whole.subarray(1));
  return { refusal, code: whole[0], head: JSON.parse(String(decoded?.json)), bytes: String(decoded?.bytes) };
};

test("a request over HTTP reaches the broker with what was said, and the answer comes back", async () => {
  const seen: HttpRequest[] = [];
  const broker = brokerWith({
    http: {
      fetch: (_caller, request) => {
        seen.push(request);
        return Promise.resolve({
          type: "answered",
          status: 201,
          url: "https://a.test/",
          headers: [["x", "y"]],
          body: Buffer.from("made"),
        });
      },
    },
  });
  const head = { method: "POST", url: "https://a.test/", headers: [["a", "b"]], timeout_ms: 50, bytes_max: 10 };
  expect(await answer(broker, "http.fetch", head, Buffer.from("body"))).toEqual({
    refusal: undefined,
    code: 0,
    head: { status: 201, url: "https://a.test/", headers: [["x", "y"]] },
    bytes: "made",
  });
  expect(seen).toMatchObject([{ method: "POST", timeoutMs: 50, bytesMax: 10, headers: [["a", "b"]] }]);
  expect(String(seen[0]?.body)).toBe("body");
});

const changes = (name: string, head: object): unknown => {
  const request = read(name, head);
  return request.type === "valid" ? request.changes : request.message;
};

test("operations that change something outside are known as such", () => {
  const fetch = (method: string) => changes("http.fetch", { method, url: "https://a.test" });
  expect(["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"].map(fetch)).toEqual([
    false,
    false,
    false,
    true,
    true,
    true,
  ]);
  expect(changes("state.get", { key: "a" })).toBe(false);
  expect(changes("state.set", { key: "a" })).toBe(true);
  expect(changes("state.delete", { key: "a" })).toBe(true);
  expect(changes("state.list", {})).toBe(false);
  expect(changes("grants.used", { kinds: ["clock"] })).toBe(false);
});

test("a refusal, and what a broker throws, are answers", async () => {
  const denied = brokerWith({ http: { fetch: () => Promise.resolve(hostRefused("denied", "add a grant")) } });
  const request = { method: "GET", url: "https://a.test" };
  expect(await answer(denied, "http.fetch", request)).toMatchObject({
    refusal: "denied",
    code: 1,
    head: { code: "denied", message: "add a grant" },
  });
  expect(await answer(brokerWith({}), "http.fetch", request)).toMatchObject({ refusal: "unavailable", code: 1 });
});

test("what a broker throws is not for the guest to read", async () => {
  const state = { get: () => Promise.reject(new Error("/srv/secret/caxton.db: disk I/O error")) };
  const broker = brokerWith({ state: { ...brokerWith({}).state, ...state } });
  const { refusal, head } = await answer(broker, "state.get", { key: "a" });
  expect(refusal).toBe("unavailable");
  expect(head.message).toMatch(/^the server failed \[\w+\]; its log says why$/);
});

const sending = (json: string) => {
  const text = Buffer.from(json);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return readHostRequest("messages.send", Buffer.concat([length, text]));
};

test("a head that would cost the server much to parse is refused before it is", () => {
  expect(sending(`{"content": [${"[],".repeat(100_000)}0]}`)).toMatchObject({ code: "invalid" });
  expect(sending(`{"content": ${"[".repeat(100)}${"]".repeat(100)}}`)).toMatchObject({ code: "invalid" });
  expect(sending(`{"content": ${JSON.stringify("[".repeat(200_000))}}`)).toMatchObject({ type: "valid" });
});

test("the broker receives the system values that an instance read; a broker without a handler is permitted", async () => {
  const uses: SystemUse[] = [];
  const broker = brokerWith({ used: (_caller, kinds) => uses.push(...kinds) });
  expect(await answer(broker, "grants.used", { kinds: ["clock", "random"] })).toMatchObject({ code: 0 });
  expect(await answer(brokerWith({}), "grants.used", { kinds: ["clock"] })).toMatchObject({ code: 0 });
  expect(await answer(broker, "grants.used", { kinds: ["keys"] })).toMatchObject({ refusal: "invalid" });
  expect(uses).toEqual(["clock", "random"]);
});

test("whatever bytes a guest sends, they are read or refused with a reason", () => {
  const name = fc.oneof(
    fc.string(),
    fc.constantFrom("http.fetch", "state.get", "state.set", "state.list", "__proto__", "grants.used"),
  );
  const body = fc.oneof(
    fc.uint8Array(),
    fc
      .tuple(fc.json(), fc.uint8Array())
      .map(([json, bytes]) => Buffer.concat(encodeWithBytes(JSON.parse(json), bytes))),
  );
  fc.assert(
    fc.property(name, body, (operation, bytes) => {
      const request = readHostRequest(operation, Buffer.from(bytes));
      expect(request.type === "valid" || (request.code === "invalid" && request.message !== "")).toBe(true);
    }),
  );
});
