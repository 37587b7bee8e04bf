import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type GrantChange, grantsDifference } from "./grants-difference.ts";
import { type Grants, NO_GRANTS } from "./grants.ts";
import type { MemoryGrant } from "./memory-grant.ts";

const grants = (some: Partial<Grants>): Grants => ({ ...NO_GRANTS, ...some });
const words = (before: Partial<Grants>, after: Partial<Grants>): readonly string[] =>
  grantsDifference(grants(before), grants(after)).map(({ change, text }) => `${change}: ${text}`);
const http = (url: string, methods: readonly string[] = ["GET"], isPrivate = false) => ({
  url,
  methods,
  private: isPrivate,
});
const secret = (name: string, as: "placeholder" | "value", ...urls: readonly string[]) => ({ name, as, for: urls });

const wantsMore = (changes: readonly GrantChange[]): boolean =>
  changes.some(({ change }) => change === "added" || change === "widened");

test("equal grants differ in nothing", () => {
  const all = grants({
    files: [{ path: "data", access: "read" }],
    http: [http("https://example.com")],
    secrets: [secret("TOKEN", "placeholder")],
    state: true,
    clock: true,
    random: true,
    environment: ["LANG"],
  });
  expect(grantsDifference(all, all)).toEqual([]);
  expect(wantsMore(grantsDifference(all, all))).toBe(false);
});

test("each kind of grant that is new is named", () => {
  const after = {
    files: [{ path: "data", access: "write" as const }],
    http: [http("https://example.com", ["GET", "POST"], true), http("https://*.example.org/v1", ["*"])],
    secrets: [secret("TOKEN", "placeholder", "https://example.com"), secret("KEY", "value")],
    state: true,
    clock: true,
    random: true,
    environment: ["LANG"],
  };
  const each = [
    "write data",
    "GET POST https://example.com (private addresses too)",
    "any method https://*.example.org/v1",
    "secret TOKEN for https://example.com",
    "secret KEY (its value)",
    "state",
    "clock",
    "random",
    "environment LANG",
  ];
  expect(words({}, after)).toEqual(each.map((text) => `added: ${text}`));
  expect(words(after, {})).toEqual(each.map((text) => `removed: ${text}`));
});

test("reading that becomes writing, and a directory above the previous one, are wider", () => {
  const data = { path: "data", access: "read" as const };
  expect(words({ files: [data] }, { files: [{ path: "data/", access: "write" }] })).toEqual([
    "widened: write data/ (before: read data)",
  ]);
  expect(words({ files: [data] }, { files: [{ path: ".", access: "read" }] })).toEqual([
    "widened: read . (before: read data)",
  ]);
  expect(words({ files: [{ path: ".", access: "write" }] }, { files: [data] })).toEqual([
    "narrowed: write . (now: read data)",
  ]);
});

test("a directory inside a granted one is not more, unless it is hidden there", () => {
  const files = [{ path: "./data", access: "write" as const }];
  expect(words({ files }, { files: [...files, { path: "data/in/../out", access: "read" }] })).toEqual([]);
  expect(words({ files }, { files: [...files, { path: "data/.git", access: "read" }] })).toEqual([
    "added: read data/.git",
  ]);
  expect(words({ files }, { files: [...files, { path: "/data", access: "read" }] })).toEqual(["added: read /data"]);
  expect(words({ files }, { files: [...files, { path: "data2", access: "read" }] })).toEqual(["added: read data2"]);
});

test("a method, private addresses or a path less make an HTTP grant wider", () => {
  const before = { http: [http("https://api.example.com/v1", ["GET", "HEAD"])] };
  const from = "(before: GET HEAD https://api.example.com/v1)";
  expect(words(before, { http: [http("https://api.example.com/v1/users")] })).toEqual([
    "narrowed: GET HEAD https://api.example.com/v1 (now: GET https://api.example.com/v1/users)",
  ]);
  expect(words(before, { http: [http("https://api.example.com/v1", ["GET", "HEAD", "POST"])] })).toEqual([
    `widened: POST https://api.example.com/v1 ${from}`,
  ]);
  expect(words(before, { http: [http("https://API.example.com:443/v1/", ["*"], true)] })).toEqual([
    `widened: any method https://API.example.com:443/v1/ (private addresses too) ${from}`,
  ]);
  expect(words(before, { http: [http("https://api.example.com", ["GET", "HEAD"])] })).toEqual([
    `widened: GET HEAD https://api.example.com ${from}`,
  ]);
});

test("another scheme, port or a host that only looks alike is another place", () => {
  const before = { http: [http("https://*.example.com")] };
  const added = (url: string) => words(before, { http: [...before.http, http(url)] });
  expect(added("https://a.b.example.com/x")).toEqual([]);
  for (const url of [
    "http://a.example.com",
    "https://example.com",
    "https://a.example.com:444",
    "https://badexample.com",
    "https://a.example.com.evil.org",
  ]) {
    expect(added(url)).toEqual([`added: GET ${url}`]);
  }
});

test("a secret is wider as its value and for more places", () => {
  const one = "https://one.example.com";
  const before = { secrets: [secret("TOKEN", "placeholder", one)] };
  const from = `(before: secret TOKEN for ${one})`;
  expect(words(before, { secrets: [secret("TOKEN", "placeholder", `${one}/v1`)] })).toEqual([
    `narrowed: secret TOKEN for ${one} (now: secret TOKEN for ${one}/v1)`,
  ]);
  expect(words(before, { secrets: [secret("TOKEN", "placeholder", one, "https://two.example.com")] })).toEqual([
    `widened: secret TOKEN for ${one}, https://two.example.com ${from}`,
  ]);
  expect(words(before, { secrets: [secret("TOKEN", "placeholder")] })).toEqual([`widened: secret TOKEN ${from}`]);
  expect(words(before, { secrets: [secret("TOKEN", "value", one)] })).toEqual([
    `widened: secret TOKEN (its value) ${from}`,
  ]);
});

const grant = (some: Partial<Grants["messages"][number]>) => ({
  performatives: ["inform"],
  receivers: [],
  capabilities: [],
  topics: [],
  broadcast: false,
  perMinute: 60,
  ...some,
});

test("messages are compared act by act and place by place, and a higher rate is wider", () => {
  const before = { messages: [grant({ receivers: ["ops-*"] }), grant({ topics: ["news.#"] })] };
  const both = { messages: [grant({ receivers: ["ops-1"], topics: ["news.today"], perMinute: 30 })] };
  expect(words(before, { messages: [...before.messages, ...both.messages] })).toEqual([]);
  expect(words(before, { messages: [...before.messages, grant({ broadcast: true })] })).toEqual([
    "added: send inform to all agents (at most 60 a minute)",
  ]);
  const faster = grant({ receivers: ["ops-*"], perMinute: 61 });
  expect(words({ messages: before.messages.slice(0, 1) }, { messages: [faster] })).toEqual([
    "widened: send inform to ops-* (at most 61 a minute) (before: send inform to ops-* (at most 60 a minute))",
  ]);
});

const anyGrants: fc.Arbitrary<Grants> = fc.record({
  files: fc.array(
    fc.record({
      path: fc.constantFrom(".", "data", "data/in", "other", "/srv", "/srv/data"),
      access: fc.constantFrom("read", "write"),
    }),
    { maxLength: 3 },
  ),
  http: fc.array(
    fc.record({
      url: fc.constantFrom(
        "https://a.example.com",
        "https://*.example.com",
        "https://a.example.com/v1",
        "http://b.org",
      ),
      methods: fc.uniqueArray(fc.constantFrom("GET", "POST", "*"), { minLength: 1, maxLength: 3 }),
      private: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
  secrets: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom("ONE", "TWO"),
      as: fc.constantFrom("placeholder", "value"),
      for: fc.uniqueArray(fc.constantFrom("https://a.example.com", "https://b.org")),
    }),
    { selector: ({ name }) => name },
  ),
  messages: fc.array(
    fc.record({
      performatives: fc.constantFrom(["inform"], ["*"], ["inform", "request"]),
      receivers: fc.constantFrom(["ops"], ["ops-*"], ["*", "Ops-1"]),
      capabilities: fc.constantFrom([], ["translate"]),
      topics: fc.constantFrom([], ["prices.*"], ["prices.#"]),
      broadcast: fc.boolean(),
      perMinute: fc.constantFrom(10, 60),
    }),
    { maxLength: 3 },
  ),
  memory: fc.array(
    fc.record({
      scopes: fc.constantFrom<MemoryGrant["scopes"]>(["workspace"], ["workspace", "agent-only"], ["global"]),
      hitsMax: fc.constantFrom(1, 10),
      perMinute: fc.constantFrom(10, 60),
    }),
    { maxLength: 3 },
  ),
  state: fc.boolean(),
  clock: fc.boolean(),
  random: fc.boolean(),
  environment: fc.uniqueArray(fc.constantFrom("LANG", "TZ")),
});
const mirror = ({ change, kind }: GrantChange): string => {
  const other = { added: "removed", removed: "added", widened: "narrowed", narrowed: "widened" } as const;
  return `${other[change]} ${kind}`;
};

test("what is more one way is less the other way", () => {
  fc.assert(
    fc.property(anyGrants, anyGrants, (one, other) => {
      const there = grantsDifference(one, other).map(mirror).toSorted();
      const back = grantsDifference(other, one)
        .map(({ change, kind }) => `${change} ${kind}`)
        .toSorted();
      expect(there).toEqual(back);
    }),
  );
});

test("grants with some removed never request more, and with some added never less", () => {
  fc.assert(
    fc.property(anyGrants, anyGrants, (one, other) => {
      const both: Grants = {
        files: [...one.files, ...other.files],
        http: [...one.http, ...other.http],
        secrets: one.secrets,
        messages: [...one.messages, ...other.messages],
        memory: [...one.memory, ...other.memory],
        state: one.state || other.state,
        clock: one.clock || other.clock,
        random: one.random || other.random,
        environment: [...one.environment, ...other.environment],
      };
      expect(wantsMore(grantsDifference(both, one))).toBe(false);
      expect(grantsDifference(one, both).every(({ change }) => change === "added" || change === "widened")).toBe(true);
    }),
  );
});

const memory = (scopes: MemoryGrant["scopes"], hitsMax = 10): Grants => ({
  ...NO_GRANTS,
  memory: [{ scopes, hitsMax, perMinute: 60 }],
});

test("a scope of memory more is more, as are more hits; what two grants allow together is no change", () => {
  expect(grantsDifference(memory(["workspace"]), memory(["workspace", "global"]))).toEqual([
    {
      change: "widened",
      kind: "memory",
      text: "search the memory of global (at most 10 hits, 60 times a minute) (before: search the memory of workspace (at most 10 hits, 60 times a minute))",
    },
  ]);
  expect(grantsDifference(memory(["workspace"]), memory(["workspace"], 20)).map(({ change }) => change)).toEqual([
    "widened",
  ]);
  const apart = { ...NO_GRANTS, memory: [...memory(["workspace"]).memory, ...memory(["global"]).memory] };
  expect(grantsDifference(apart, memory(["global", "workspace"]))).toEqual([]);
});
