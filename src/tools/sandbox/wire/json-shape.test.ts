import * as fc from "fast-check";
import { expect, test } from "vitest";
import { JSON_DEPTH_MAX, JSON_NODES_MAX, jsonShape } from "./json-shape.ts";

const shape = (text: string) => jsonShape(Buffer.from(text));

function depth(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depth));
}

test("JSON within the bounds fits, whatever its strings hold", () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 4, depthSize: "small", stringUnit: "grapheme" }),
      fc.nat(4),
      (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const isAscii = Buffer.byteLength(text) === text.length;
        expect(shape(text)).toEqual({ type: "fits", isAscii });
      },
    ),
  );
});

test("depth is counted outside of strings only", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 * JSON_DEPTH_MAX }), fc.string(), (levels, text) => {
      const inner = JSON.stringify(`${"[".repeat(200)}${text}`);
      const json = `${"[".repeat(levels)}${inner}${"]".repeat(levels)}`;
      expect(depth(JSON.parse(json))).toBe(levels);
      expect(shape(json).type).toBe(levels > JSON_DEPTH_MAX ? "too-deep" : "fits");
    }),
  );
});

test("escaped quotes do not end a string", () => {
  expect(shape(String.raw`"\"${"[".repeat(100)}"`).type).toBe("fits");
  expect(shape(String.raw`"\\"${"[".repeat(100)}`).type).toBe("too-deep");
});

test("too many values are found without parsing", () => {
  expect(shape(`[${"0,".repeat(JSON_NODES_MAX)}0]`).type).toBe("too-many");
  expect(shape(`[${"[],".repeat(JSON_NODES_MAX / 2)}0]`).type).toBe("too-many");
  expect(shape(`[${"0,".repeat(1_000)}0]`).type).toBe("fits");
});

test("bytes that are no JSON get an answer", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(["fits", "too-deep", "too-many"]).toContain(jsonShape(bytes).type);
    }),
  );
});
