import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
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
