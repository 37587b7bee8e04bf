import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod";
import { call, failure, jsonValue, World } from "./harness.ts";
import type { HostAnswer } from "./world.ts";

const NOTHING = new Uint8Array();
const granted = (head: object, body: Uint8Array = NOTHING): HostAnswer => ({ refused: false, head, body });
const Key = z.object({ key: z.string() });
const Page = z.object({ prefix: z.string(), limit: z.int(), cursor: z.string().optional() });

/** A host that keeps state in memory, two keys a page. */
function stateHost(): World {
  const world = new World();
  const kept = new Map<string, Uint8Array>();
  world.ask = (operation, head, body) => {
    if (operation === "state.list") {
      const { prefix, limit, cursor } = Page.parse(head);
      const all = [...kept]
        .filter(([key]) => key.startsWith(prefix) && key > (cursor ?? ""))
        .toSorted(([left], [right]) => (left < right ? -1 : 1));
      const keys = all
        .slice(0, limit)
        .map(([key, value]) => ({ key, bytes: value.length, updated_at: "2026-05-31T00:00:00.000Z" }));
      return granted({ keys, ...(all.length > limit ? { next: keys.at(-1)?.key } : {}) });
    }
    const { key } = Key.parse(head);
    if (operation === "state.set") {
      kept.set(key, Uint8Array.from(body));
      return granted({});
    }
    if (operation === "state.delete") return granted({ deleted: kept.delete(key) });
    const value = kept.get(key);
    return granted({ found: value !== undefined }, value);
  };
  return world;
}

test("any JSON value comes back as it was stored", () => {
  fc.assert(
    fc.property(jsonValue(), (drawn) => {
      const value: unknown = JSON.parse(JSON.stringify(drawn));
      const world = stateHost();
      call("state", "store", { key: "a/b", value }, world);
      expect(call("state", "retrieve", { key: "a/b" }, world).structured).toEqual({ key: "a/b", found: true, value });
    }),
    { numRuns: 60 },
  );
});

test("keys are listed by prefix and page, described and deleted", () => {
  const world = stateHost();
  const entries = ["logs/1", "logs/2", "logs/3", "tasks/1"].map((key) => ({ key, value: { of: key } }));
  expect(call("state", "batch_store", { entries }, world).structured["stored"]).toEqual(entries.map(({ key }) => key));
  const first = call("state", "list", { prefix: "logs/", limit: 2 }, world).structured;
  expect(first).toMatchObject({ rows: [{ key: "logs/1" }, { key: "logs/2" }], next: "logs/2" });
  const second = call("state", "list", { prefix: "logs/", limit: 2, cursor: first["next"] }, world).structured;
  expect(second).toMatchObject({ rows: [{ key: "logs/3" }], next: null });
  expect(call("state", "exists", { key: "tasks/1" }, world).structured).toMatchObject({ exists: true, bytes: 16 });
  expect(call("state", "delete", { key: "tasks/1" }, world).structured["deleted"]).toBe(true);
  expect(call("state", "delete", { key: "tasks/1" }, world).structured["deleted"]).toBe(false);
  const { rows, missing } = call("state", "batch_retrieve", { keys: ["logs/2", "gone"] }, world).structured;
  expect({ rows, missing }).toEqual({ rows: [{ key: "logs/2", value: { of: "logs/2" } }], missing: ["gone"] });
  expect(call("state", "retrieve", { key: "gone", default: 7 }, world).structured).toMatchObject({
    found: false,
    value: 7,
  });
});

test.for([
  [{ key: "", value: 1 }, "is empty"],
  [{ key: "a//b", value: 1 }, "has an empty part"],
  [{ key: "../b", value: 1 }, "'.' or '..'"],
  [{ key: "a\nb", value: 1 }, "control character"],
  [{ key: "k".repeat(513), value: 1 }, "more than 512 characters"],
  [{ key: "k" }, "the argument 'value' is missing"],
  [{ key: "k", value: "x".repeat(300_000) }, "at most 262144 are kept under one key"],
] as const)("storing %j is refused before the host is asked", ([given, wanted]) => {
  const world = stateHost();
  world.ask = () => {
    throw new Error("the host was asked");
  };
  expect(failure("state", "store", given, world)).toContain(wanted);
});

test("a refusal of the host is the tool's error, and a batch reports how far it came", () => {
  expect(failure("state", "retrieve", { key: "a" })).toBe("this server is granted nothing.");
  const world = stateHost();
  const keep = world.ask;
  world.ask = (operation, head, body) =>
    Key.parse(head).key === "b"
      ? { refused: true, head: { code: "too-large", message: "full." }, body: NOTHING }
      : keep(operation, head, body);
  const entries = ["a", "b", "c"].map((key) => ({ key, value: 1 }));
  expect(failure("state", "batch_store", { entries }, world)).toBe(
    "1 of 3 values are stored; 'b' and those after it are not: full.",
  );
});

test("answers that are no answers trap nothing", () => {
  const world = new World();
  for (const answer of [granted({}), granted({ found: true }, Buffer.from("{no json")), granted([])]) {
    world.ask = () => answer;
    expect(call("state", "retrieve", { key: "a" }, world).isError).toBe(false);
    expect(call("state", "list", {}, world).structured["rows"]).toEqual([]);
  }
});
