import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test, vi } from "vitest";
import { type Clock, systemClock } from "../../../kernel/clock.ts";
import { type Catalogue, ModuleCache } from "./module-cache.ts";

const catalogue: Catalogue = {
  abi: "wasi-stdio",
  types: 3,
  tools: [
    {
      name: "add",
      title: "Add",
      description: "",
      inputSchema: { type: "object" },
      readOnly: true,
      idempotent: true,
    },
  ],
};
const module = Buffer.from("\0asm not really");
const KEY = ModuleCache.key("ab", { memory: 1 });

/** Forces a garbage collection. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
}

async function directory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "caxton-cache-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

async function fileIn(path: string): Promise<string> {
  const [name = ""] = await readdir(path);
  return join(path, name);
}

test("what was put is found again by another server over the same directory", async () => {
  await using temp = await directory();
  await new ModuleCache(temp.path).put(KEY, catalogue, module);
  const [name = ""] = await readdir(temp.path);
  expect((await stat(join(temp.path, name))).mode & 0o777).toBe(0o600);
  const found = await new ModuleCache(temp.path).get(KEY);
  expect(found?.catalogue).toEqual(catalogue);
  expect(Buffer.from((await found?.bytes()) ?? [])).toEqual(module);
});

test("another module, other limits or another version have another key", () => {
  expect(ModuleCache.key("ab", { memory: 2 })).not.toBe(KEY);
  expect(ModuleCache.key("ac", { memory: 1 })).not.toBe(KEY);
  expect(ModuleCache.key("ab", { memory: 1 })).toBe(KEY);
});

test("a damaged entry is as good as none, wherever the damage is", async () => {
  await using temp = await directory();
  await new ModuleCache(temp.path).put(KEY, catalogue, module);
  const file = await fileIn(temp.path);
  const whole = await readFile(file);
  for (let at = 0; at < whole.length; at += 7) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ 0x10;
    await writeFile(file, damaged);
    expect(await new ModuleCache(temp.path).get(KEY), `byte ${at}`).toBeUndefined();
  }
  await writeFile(file, whole.subarray(0, whole.length - 3));
  expect(await new ModuleCache(temp.path).get(KEY)).toBeUndefined();
});

test("an entry damaged after it was found is an error when its module is wanted, and is forgotten", async () => {
  await using temp = await directory();
  const cache = new ModuleCache(temp.path);
  const ready = await cache.put(KEY, catalogue, module);
  await writeFile(await fileIn(temp.path), "nothing");
  await expect(ready.bytes()).rejects.toThrow("deploy the tool server again");
  expect(await cache.get(KEY)).toBeUndefined();
});

test("without a directory, or with one that cannot be written, modules are held in memory", async () => {
  await using temp = await directory();
  const blocked = join(temp.path, "file");
  await writeFile(blocked, "");
  for (const path of [undefined, join(blocked, "cache")]) {
    const cache = new ModuleCache(path);
    await cache.put(KEY, catalogue, module);
    const found = await cache.get(KEY);
    expect(Buffer.from((await found?.bytes()) ?? [])).toEqual(module);
  }
});

const keyOf = (name: string): string => ModuleCache.key(name, {});
const large = Buffer.alloc(10_000, 7);
/** A clock that is a second further each time it is read, so that uses have an order. */
const ticking = (startMs = Date.UTC(2026, 0, 1)): Clock => {
  let nowMs = startMs;
  return { ...systemClock, nowMs: () => (nowMs += 1_000) };
};

// sandbox.module-cache.M1
test("on disk it keeps what was used last, up to its bound, and the rest is as if it had never been made", async () => {
  await using temp = await directory();
  const clock = ticking();
  for (const name of ["a", "b", "c", "d"]) {
    await new ModuleCache(temp.path, { clock }).put(keyOf(name), catalogue, large);
  }
  await (await new ModuleCache(temp.path, { clock }).get(keyOf("a")))?.bytes();
  const bounded = new ModuleCache(temp.path, { clock, bytesMax: 25_000 });
  await bounded.sweep();
  const found = await Promise.all(
    ["a", "b", "c", "d"].map(async (name) => (await bounded.get(keyOf(name))) !== undefined),
  );
  expect(found).toEqual([true, false, false, true]);
  expect(await (await bounded.put(keyOf("b"), catalogue, large)).bytes()).toHaveLength(10_000);
});

test("a start sweeps, and removes files of a dead writer, but not files that may still be written", async () => {
  await using temp = await directory();
  const clock = ticking();
  for (const name of ["a", "b", "c"]) await new ModuleCache(temp.path, { clock }).put(keyOf(name), catalogue, large);
  const [old, fresh] = [join(temp.path, "x.module.17.draft"), join(temp.path, "y.module.18.draft")];
  await Promise.all([writeFile(old, "half"), writeFile(fresh, "half")]);
  await utimes(old, 1, 1);
  await new ModuleCache(temp.path, { clock: systemClock, bytesMax: 15_000 }).sweep();
  expect((await readdir(temp.path)).toSorted()).toEqual([`${keyOf("c")}.module`, "y.module.18.draft"]);
});

// sandbox.module-cache.M2
test("a module in use is not evicted, however far the cache exceeds its limit", async () => {
  await using temp = await directory();
  const cache = new ModuleCache(temp.path, { clock: ticking(), bytesMax: 15_000 });
  const all = [];
  for (const name of ["a", "b", "c", "d"]) all.push(await cache.put(keyOf(name), catalogue, large));
  await cache.sweep();
  for (const ready of all) expect(await ready.bytes()).toHaveLength(10_000);
  expect(await readdir(temp.path)).toHaveLength(4);
});

test("an unused module is evicted in the process that created it", async () => {
  await using temp = await directory();
  const cache = new ModuleCache(temp.path, { clock: ticking(), bytesMax: 15_000 });
  for (const name of ["a", "b", "c", "d"]) await cache.put(keyOf(name), catalogue, large);
  await vi.waitFor(async () => {
    collectGarbage();
    await cache.sweep();
    expect(await readdir(temp.path)).toEqual([`${keyOf("d")}.module`]);
  });
  expect(await cache.get(keyOf("a"))).toBeUndefined();
});

test("an entry that is found while others are removed can be read", async () => {
  await using temp = await directory();
  const clock = ticking();
  const names = Array.from({ length: 30 }, (_, index) => `m${index}`);
  for (const name of names) await new ModuleCache(temp.path, { clock }).put(keyOf(name), catalogue, large);
  const cache = new ModuleCache(temp.path, { clock, bytesMax: 15_000 });
  const found = await Promise.all(names.map((name) => cache.get(keyOf(name))));
  await cache.sweep();
  const held = found.filter((ready) => ready !== undefined);
  const bytes = await Promise.all(held.map(async (ready) => (await ready.bytes()).length));
  expect(bytes).toEqual(held.map(() => 10_000));
  expect(await readdir(temp.path)).toHaveLength(Math.max(1, held.length));
});

// sandbox.module-cache.M1
test("in memory it keeps what was used last, up to its bound, and nothing larger than that", async () => {
  const cache = new ModuleCache(undefined, { cachedBytesMax: 25_000 });
  await cache.put(keyOf("a"), catalogue, large);
  await cache.put(keyOf("b"), catalogue, large);
  await cache.get(keyOf("a"));
  await cache.put(keyOf("c"), catalogue, large);
  const dropped = await cache.put(keyOf("d"), catalogue, Buffer.alloc(30_000));
  const found = await Promise.all(
    ["a", "b", "c", "d"].map(async (name) => (await cache.get(keyOf(name))) !== undefined),
  );
  expect(found).toEqual([true, false, true, false]);
  expect(await dropped.bytes()).toHaveLength(30_000);
});

test("what the package has ready is used for exactly what it was made from, and copied; nothing is written there", async () => {
  await using packaged = await directory();
  await using temp = await directory();
  await new ModuleCache(packaged.path).put(KEY, catalogue, module);
  const before = await readdir(packaged.path);
  const cache = new ModuleCache(temp.path, { packaged: packaged.path });
  for (const other of [ModuleCache.key("ac", { memory: 1 }), ModuleCache.key("ab", { memory: 2 })]) {
    expect(await cache.get(other)).toBeUndefined();
  }
  const found = await cache.get(KEY);
  expect(found?.catalogue).toEqual(catalogue);
  expect(Buffer.from((await found?.bytes()) ?? [])).toEqual(module);
  await cache.put(ModuleCache.key("new", {}), catalogue, module);
  expect(await readdir(packaged.path)).toEqual(before);
  expect(await readdir(temp.path)).toHaveLength(2);
});

test("a damaged entry of the package is as good as none, and without a directory of its own a server uses them all the same", async () => {
  await using packaged = await directory();
  await new ModuleCache(packaged.path).put(KEY, catalogue, module);
  expect((await new ModuleCache(undefined, { packaged: packaged.path }).get(KEY))?.catalogue).toEqual(catalogue);
  const path = await fileIn(packaged.path);
  const file = await readFile(path);
  file[file.length - 1] = (file.at(-1) ?? 0) ^ 1;
  await writeFile(path, file);
  expect(await new ModuleCache(undefined, { packaged: packaged.path }).get(KEY)).toBeUndefined();
});
