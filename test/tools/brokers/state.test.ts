import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Database, SqliteToolServerStore, SqliteToolState, STATE_LIMITS } from "../../../src/storage/index.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import type { Caller } from "../../../src/tools/sandbox/index.ts";
import { toolServerCandidate } from "../../contracts/tool-server-store.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { callerWith } from "./web.ts";

const open = () => {
  const temp = tempDirectory();
  const database = Database.open({ directory: temp.path, synchronous: "normal" });
  const state = new SqliteToolState(database, systemClock);
  return {
    state,
    [Symbol.dispose]: () => {
      database[Symbol.dispose]();
      temp[Symbol.dispose]();
    },
  };
};
const granted = callerWith({ state: true });
const text = (value: unknown): unknown => (value instanceof Uint8Array ? Buffer.from(value).toString() : value);

test("without the grant nothing is stored or read, and the refusal names the line that grants it", async () => {
  using room = open();
  const denied = {
    type: "refused",
    code: "denied",
    message: expect.stringContaining("[tool_servers.weather.grants]\nstate = true"),
  };
  const caller = callerWith({});
  expect(await room.state.set(caller, "a", Buffer.from("1"))).toEqual(denied);
  expect(await room.state.get(caller, "a")).toEqual(denied);
  expect(await room.state.delete(caller, "a")).toEqual(denied);
  expect(await room.state.list(caller, { prefix: "", limit: 1, cursor: undefined })).toEqual(denied);
});

test("servers and workspaces do not see each other's keys", async () => {
  using room = open();
  const others: readonly Caller[] = [
    { ...granted, server: "other" },
    { ...granted, context: { ...granted.context, workspace: "other" } },
  ];
  await room.state.set(granted, "a", Buffer.from("mine"));
  for (const other of others) {
    expect(await room.state.get(other, "a")).toBeUndefined();
    await room.state.set(other, "a", Buffer.from("theirs"));
  }
  expect(text(await room.state.get(granted, "a"))).toBe("mine");
});

test("a value, the number of keys and all values together are bounded, and deleting makes room", async () => {
  using room = open();
  const large = new Uint8Array(STATE_LIMITS.valueBytesMax);
  const count = STATE_LIMITS.bytesMax / STATE_LIMITS.valueBytesMax;
  expect(await room.state.set(granted, "a", new Uint8Array(large.length + 1))).toMatchObject({ code: "too-large" });
  for (let at = 0; at < count; at += 1) expect(await room.state.set(granted, `large-${at}`, large)).toBeUndefined();
  expect(await room.state.set(granted, "one-more", Buffer.of(1))).toMatchObject({ code: "storage-full" });
  expect(await room.state.set(granted, "large-0", Buffer.of(1))).toBeUndefined();
  expect(await room.state.set(granted, "one-more", Buffer.of(1))).toBeUndefined();
  for (let at = 0; at < count; at += 1) expect(await room.state.delete(granted, `large-${at}`)).toBe(true);
  expect(await room.state.delete(granted, "large-0")).toBe(false);
  const writes = Array.from({ length: STATE_LIMITS.keysMax }, (_, at) =>
    room.state.set(granted, `small-${at}`, Buffer.of(1)),
  );
  const outcomes = await Promise.all(writes);
  expect(outcomes.filter((outcome) => outcome === undefined)).toHaveLength(STATE_LIMITS.keysMax - 1);
  expect(outcomes.at(-1)).toMatchObject({ code: "storage-full" });
});

const key = fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom("a", "b", "/", "%", "_", "é", "😀", "*") });
const byUtf8 = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));

test("pages of a list hold each key with the prefix once, in order, whatever the keys are", async () => {
  using room = open();
  let number = 0;
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(key, { maxLength: 20 }), fc.oneof(fc.constant(""), key), async (keys, prefix) => {
      number += 1;
      const caller = { ...granted, server: `server-${number}` };
      await Promise.all(keys.map((each) => room.state.set(caller, each, Buffer.from(each))));
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await room.state.list(caller, { prefix, limit: 3, cursor });
        if (!("keys" in page)) throw new Error(page.message);
        found.push(...page.keys.map((entry) => entry.key));
        cursor = page.next;
      } while (cursor !== undefined);
      expect(found).toEqual(keys.filter((each) => each.startsWith(prefix)).toSorted(byUtf8));
    }),
    { numRuns: 50 },
  );
});

test("what was answered is there after the process was killed", async () => {
  using temp = tempDirectory();
  const script = fileURLToPath(new URL("state-writer.ts", import.meta.url));
  const writer = spawn(process.execPath, [script, temp.path], { stdio: ["ignore", "pipe", "ignore"] });
  let said = "";
  const enough = Promise.withResolvers<void>();
  writer.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    if (said.split("\n").length > 50) enough.resolve();
  });
  await enough.promise;
  writer.kill("SIGKILL");
  await once(writer, "close");
  const answered = said.split("\n").slice(0, -1);
  using database = Database.open({ directory: temp.path, synchronous: "normal" });
  const state = new SqliteToolState(database, systemClock);
  for (const count of answered) expect(text(await state.get(granted, `key-${count}`))).toBe(`value ${count}`);
});

test("the state of a tool server is deleted with it, and its last calls leave nothing for the next of its name", async () => {
  using temp = tempDirectory();
  using database = Database.open({ directory: temp.path, synchronous: "normal" });
  const servers = new SqliteToolServerStore(database);
  const state = new SqliteToolState(database, systemClock);
  const deploy = (name: string) => servers.add(toolServerCandidate(name, name), "serving");
  const other: Caller = { ...granted, server: "other" };
  await deploy("weather");
  await deploy("other");
  await state.set(granted, "key", Buffer.from("mine"));
  await state.set(other, "key", Buffer.from("theirs"));
  await servers.delete("default", "Weather");
  expect(await state.set(granted, "late", Buffer.from("1"))).toMatchObject({ type: "refused", code: "unavailable" });
  await deploy("weather");
  expect(await state.list(granted, { prefix: "", limit: 10, cursor: undefined })).toEqual({
    keys: [],
    next: undefined,
  });
  expect(text(await state.get(other, "key"))).toBe("theirs");
  // Its totals went too: all of what one may keep is there again.
  const value = Buffer.alloc(STATE_LIMITS.valueBytesMax);
  for (let count = 0; count < 64; count += 1) expect(await state.set(granted, `k${count}`, value)).toBeUndefined();
});
