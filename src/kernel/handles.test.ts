import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod";
import { HandleCodec } from "./handles.ts";

const codec = new HandleCodec("ab", z.tuple([z.int(), z.string()]));
const other = new HandleCodec("cd", z.tuple([z.int(), z.string()]));

test("a handle is URL-safe and decoded as it was encoded", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.string({ unit: "grapheme" }), (number, text) => {
      const handle = codec.encode(number, text);
      expect(encodeURIComponent(handle)).toBe(handle);
      expect(codec.decode(handle)).toEqual([number, text]);
      expect(other.decode(handle)).toBeUndefined();
    }),
  );
});

test("no other text is a handle", () => {
  const handle = codec.encode(71, "alpha");
  expect(handle).toBe("ab1z.-YWxwaGE");
  const near = ["", "ab", "ab1z", "ab1z.", "ab1Z.-YWxwaGE", "ab01z.-YWxwaGE", "ab1z.-YWxwaGE=", "ab1z.-YWxwaGF"];
  for (const text of [...near, `${handle}.1`, `${handle} `, "ab-YQ.-YWxwaGE", "abzzzzzzzzzzzzzz.-YWxwaGE", "71"])
    expect(codec.decode(text), text).toBeUndefined();
});
