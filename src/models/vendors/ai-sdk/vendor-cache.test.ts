import { expect, test } from "vitest";
import { VendorCache } from "./vendor-cache.ts";
import { openVendor, type VendorSettings } from "./vendor.ts";

const settings: VendorSettings = {
  model: "small",
  baseUrl: new URL("http://127.0.0.1:1/v1"),
  apiKey: "first",
  headers: {},
  api: "chat",
  aws: undefined,
  fetch,
};

test("a vendor is opened once for the same settings and again for any that differ", async () => {
  const cache = new VendorCache();
  const open = (over: Partial<VendorSettings> = {}) =>
    cache.open(openVendor, "openai-compatible", { ...settings, ...over });
  const first = await open();
  expect(await open({ headers: {}, baseUrl: new URL("http://127.0.0.1:1/v1") })).toBe(first);
  const others: readonly Partial<VendorSettings>[] = [
    { apiKey: "second" },
    { apiKey: undefined },
    { model: "large" },
    { baseUrl: new URL("http://127.0.0.1:2/v1") },
    { headers: { "x-team": "a" } },
    { api: "responses" },
    { fetch: (input, init) => fetch(input, init) },
  ];
  const opened = await Promise.all(others.map(open));
  expect(new Set([first, ...opened]).size).toBe(others.length + 1);
});

test("a vendor that could not be opened is tried again, and the cache is bounded", async () => {
  const cache = new VendorCache();
  let calls = 0;
  const make: typeof openVendor = async (...given) => {
    calls += 1;
    if (calls === 1) throw new Error("not installed");
    return openVendor(...given);
  };
  const open = (model: string) => cache.open(make, "openai-compatible", { ...settings, model });
  await expect(open("m")).rejects.toThrow("not installed");
  await open("m");
  for (let index = 0; index < 64; index += 1) await open(`m${index}`);
  await open("m");
  expect(calls).toBe(67);
});
