import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseToml } from "../../text/documents/index.ts";
import { proposeGrants } from "./grants/index.ts";
import type { GrantUse } from "./grants/index.ts";
import { type Grants, type MemoryGrant, NO_GRANTS } from "./grants/index.ts";
import { grantsToml, unifiedDiff } from "./grants/index.ts";
import { readManifest } from "./manifest.ts";

// verifies("tool.observe")

const use = (kind: GrantUse["kind"], operation: string, target = "", more: Partial<GrantUse> = {}): GrantUse => ({
  atMs: 0,
  workspace: "default",
  server: "weather",
  agent: undefined,
  session: "session",
  kind,
  operation,
  target,
  outcome: "denied",
  reason: "denied",
  bytes: 0,
  durationMs: 0,
  ...more,
});
const grants = (some: Partial<Grants>): Grants => ({ ...NO_GRANTS, ...some });

const secret = (name: string) => ({ name, as: "placeholder" as const, for: [] });

test("each thing that was used is proposed, as small as it can be, and what was not is left out", () => {
  const granted = grants({ files: [{ path: "unused", access: "write" }], environment: ["LANG"] });
  const uses = [
    use("file", "read", "data/a.csv"),
    use("file", "stat", "./data/a.csv"),
    use("file", "write", "output/chart.svg"),
    use("file", "read", "output/chart.svg"),
    use("http", "GET", "https://api.example.com/v1/users/1"),
    use("http", "POST", "https://api.example.com/v1/users"),
    use("state", "set", "key"),
    use("environment", "read"),
  ];
  expect(proposeGrants(granted, uses)).toEqual({
    grants: grants({
      files: [
        { path: "data/a.csv", access: "read" },
        { path: "output", access: "write" },
      ],
      http: [{ url: "https://api.example.com/v1", methods: ["GET", "POST"], private: false }],
      state: true,
      environment: ["LANG"],
    }),
    notes: [],
  });
});

test("many files of a directory are proposed as the directory", () => {
  const uses = ["a", "b", "c", "d"].map((name) => use("file", "read", `data/${name}.csv`));
  expect(proposeGrants(NO_GRANTS, uses).grants.files).toEqual([{ path: "data", access: "read" }]);
});

test("attached files, and looks at directories on the way, need nothing", () => {
  const granted = grants({ files: [{ path: "data/in", access: "read" }] });
  const uses = [
    use("file", "read", "uploads/a.csv", { outcome: "allowed" }),
    use("file", "list", ".", { outcome: "allowed" }),
    use("file", "stat", "data", { outcome: "allowed" }),
  ];
  expect(proposeGrants(granted, uses).grants).toEqual(NO_GRANTS);
});

test("hidden and outside paths are reported and never proposed", () => {
  const { grants: proposed, notes } = proposeGrants(NO_GRANTS, [
    use("file", "read", "/etc/passwd"),
    use("file", "read", "../other"),
    use("file", "read", "data/.env"),
    use("file", "read", "/etc/passwd"),
  ]);
  expect(proposed).toEqual(NO_GRANTS);
  expect(notes).toHaveLength(3);
  expect(notes.join(" ")).toMatch(/\/etc\/passwd.*outside.*\.\.\/other.*outside.*\.env.*hidden/);
});

test("denied paths are reported and never proposed, because no grant permits them", () => {
  const { grants: proposed, notes } = proposeGrants(NO_GRANTS, [
    use("file", "read", "caxton-data/caxton.db", { reason: "closed" }),
    use("file", "rename", "mine/a -> caxton-data/a", { reason: "closed" }),
    use("file", "read", "mine/a"),
  ]);
  expect(proposed.files).toEqual([{ path: "mine/a", access: "read" }]);
  expect(notes).toHaveLength(2);
  expect(notes.join(" ")).toMatch(/caxton-data\/caxton\.db.*closed.*no grant opens it/);
});

test("a private address is proposed as private; the clock and random numbers without a grant are only reported", () => {
  const uses = [
    use("http", "GET", "http://inner.example.com:8080", { reason: "private-address" }),
    use("clock", "read"),
    use("random", "read"),
  ];
  const { grants: proposed, notes } = proposeGrants(NO_GRANTS, uses);
  expect(proposed).toEqual(
    grants({ http: [{ url: "http://inner.example.com:8080", methods: ["GET"], private: true }] }),
  );
  expect(notes.map((note) => note.split(":")[0])).toEqual(["clock = true", "random = true"]);
  const granted = grants({ clock: true, random: true });
  expect(proposeGrants(granted, uses).grants).toMatchObject({ clock: true, random: true });
  expect(proposeGrants(granted, [])).toEqual({ grants: NO_GRANTS, notes: [] });
});

test("a sent secret is proposed, an unused one is omitted, and a refused one is reported", () => {
  const granted = grants({ secrets: [secret("ONE"), secret("TWO")] });
  const uses = [
    use("secret", "send", "ONE to https://a.example.com", { outcome: "allowed" }),
    use("secret", "send", "ONE to https://b.example.com"),
  ];
  const { grants: proposed, notes } = proposeGrants(granted, uses);
  expect(proposed.secrets).toEqual([secret("ONE")]);
  expect(notes).toEqual(["secret ONE to https://b.example.com was not sent: its grant is for other places"]);
});

const text = fc.string({ maxLength: 12, unit: "grapheme" });
const anyGrants: fc.Arbitrary<Grants> = fc.record({
  files: fc.array(
    fc.record({
      path: text.filter((path) => path !== "" && !path.includes("\0")),
      access: fc.constantFrom("read", "write"),
    }),
    { maxLength: 3 },
  ),
  http: fc.array(
    fc.record({
      url: fc.constantFrom("https://a.example.com", "https://*.example.com/v1"),
      methods: fc.constantFrom(["GET"], ["*"], ["GET", "POST"]),
      private: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
  secrets: fc.array(
    fc.record({
      name: fc.constantFrom("ONE", "TWO"),
      as: fc.constantFrom("placeholder", "value"),
      for: fc.constantFrom([], ["https://a.example.com"]),
    }),
    { maxLength: 2 },
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
  environment: fc.constantFrom([], ["LANG"], ["LANG", "TZ"]),
});

test("grants written as TOML are read back as they were", () => {
  fc.assert(
    fc.property(anyGrants, (some) => {
      const manifest = ['name = "a"', 'version = "1.0.0"', ...grantsToml(some, "grants")].join("\n");
      const read = readManifest(manifest, "tool.toml");
      expect(read.type === "valid" ? read.manifest.grants : read.problems).toEqual(some);
      expect(parseToml(grantsToml(some, "tool_servers.a.grants").join("\n"), "caxton.toml").type).toBe("parsed");
    }),
  );
});

test("a diff shows both texts, and equal texts have none", () => {
  const lines = fc.array(fc.constantFrom("a", "b", "c", ""), { maxLength: 12 });
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const shown = unifiedDiff(before, after, "tool.toml").split("\n").slice(3, -1);
      const side = (mark: string) =>
        shown.filter((line) => line.startsWith(mark) || line.startsWith(" ")).map((line) => line.slice(1));
      const isEqual = before.join("\n") === after.join("\n") && before.length === after.length;
      expect(isEqual ? [before, after] : [side("-"), side("+")]).toEqual([before, after]);
      expect(shown.length === 0).toBe(isEqual);
    }),
  );
});

test("messages are proposed by act and by whom they went to, with the rate that holds", () => {
  const held = { performatives: ["inform"], receivers: ["ops-*"], capabilities: [], topics: [], broadcast: false };
  const granted = grants({ messages: [{ ...held, perMinute: 5 }] });
  const uses = [
    use("message", "inform", "ops-1", { outcome: "allowed" }),
    use("message", "inform", "topic:news"),
    use("message", "request", "capability:translate"),
  ];
  expect(proposeGrants(granted, uses).grants.messages).toEqual([
    { ...held, receivers: ["ops-1"], topics: ["news"], perMinute: 5 },
    { ...held, performatives: ["request"], receivers: [], capabilities: ["translate"], perMinute: 60 },
  ]);
});

test("of memory the scopes that were searched are proposed, with the bounds that hold", () => {
  const uses = [
    use("memory", "search", "workspace"),
    use("memory", "search", "workspace, agent-only", { outcome: "allowed" }),
  ];
  expect(proposeGrants(grants({}), uses).grants.memory).toEqual([
    { scopes: ["workspace", "agent-only"], hitsMax: 10, perMinute: 60 },
  ]);
  const granted = grants({ memory: [{ scopes: ["agent-only", "global"], hitsMax: 3, perMinute: 5 }] });
  expect(proposeGrants(granted, uses).grants.memory).toEqual([
    { scopes: ["workspace", "agent-only"], hitsMax: 3, perMinute: 5 },
  ]);
  expect(proposeGrants(granted, []).grants.memory).toEqual([]);
});
