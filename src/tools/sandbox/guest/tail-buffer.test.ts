import * as fc from "fast-check";
import { expect, test } from "vitest";
import { TailBuffer } from "./tail-buffer.ts";

test("the last bytes of all that was written are kept", () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z]{0,30}$/)), fc.integer({ min: 1, max: 40 }), (parts, bytesMax) => {
      const recent = new TailBuffer(bytesMax);
      for (const part of parts) recent.append(Buffer.from(part));
      expect(recent.text()).toBe(parts.join("").slice(-bytesMax));
    }),
  );
});

test("the last informative line is found, past notes and empty lines", () => {
  const recent = new TailBuffer(512);
  recent.append(Buffer.from("start\nthread 'main' panicked at 'x'\nnote: run with RUST_BACKTRACE=1\n\n"));
  expect(recent.lastLine()).toBe("thread 'main' panicked at 'x'");
  recent.clear();
  expect(recent.lastLine()).toBe("");
});
