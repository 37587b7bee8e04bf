import { expect, test } from "vitest";
import { assemble } from "../../../scripts/build-recall-kernel.ts";
import { PLAIN_KERNEL, RELAXED_KERNEL } from "../../../src/memory/search-index/kernel-bytes.ts";
import { bestKernel } from "../../../src/memory/search-index/kernel.ts";

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

test("the kernel of the vector index is what its source says, and runs here in its faster form", async () => {
  expect(base64(await assemble("relaxed"))).toBe(RELAXED_KERNEL);
  expect(base64(await assemble("plain"))).toBe(PLAIN_KERNEL);
  expect(bestKernel()).toBe("relaxed");
});
