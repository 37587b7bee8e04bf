import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Stdio } from "./stdio.ts";

function stdio(lineBytesMax = 1_000) {
  const lines: string[] = [];
  const seen = { tooLong: 0, errors: "", waits: 0 };
  const made = new Stdio(
    {
      onLine: (line) => lines.push(Buffer.from(line).toString("latin1")),
      onLineTooLong: () => {
        seen.tooLong += 1;
      },
      onError: (bytes) => {
        seen.errors += Buffer.from(bytes).toString("utf8");
      },
      onWaiting: () => {
        seen.waits += 1;
        return false;
      },
    },
    lineBytesMax,
  );
  return { made, lines, seen };
}

test("output is cut into lines, however it is written", () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{0,20}$/), { maxLength: 10 }),
      fc.array(fc.nat(300)),
      (texts, cuts) => {
        const { made, lines } = stdio();
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(""), "latin1");
        const places = cuts.map((cut) => cut % (bytes.length + 1)).toSorted((left, right) => left - right);
        for (const [index, start] of [0, ...places].entries())
          made.write(bytes.subarray(start, places[index] ?? bytes.length));
        expect(lines).toEqual(texts);
      },
    ),
  );
});

test("a line longer than allowed is reported, ended or not", () => {
  const one = stdio(10);
  one.made.write(Buffer.from("12345678901\n"));
  expect(one.seen.tooLong).toBe(1);
  const two = stdio(10);
  two.made.write(Buffer.from("123456"));
  two.made.write(Buffer.from("78901"));
  expect(two.seen.tooLong).toBe(1);
  expect([...one.lines, ...two.lines]).toEqual([]);
});

test("input is taken in order, in pieces of any size", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), fc.integer({ min: 1, max: 30 }), (parts, size) => {
      const { made } = stdio();
      made.push(...parts);
      const taken: Buffer[] = [];
      for (let target = Buffer.alloc(size), count = made.take(target); count > 0; count = made.take(target)) {
        taken.push(Buffer.from(target.subarray(0, count)));
        target = Buffer.alloc(size);
      }
      expect(Buffer.concat(taken)).toEqual(Buffer.concat(parts));
      expect(made.hasInput).toBe(false);
    }),
  );
});

test("input wakes who waits for it, once", () => {
  const { made, seen } = stdio();
  let woken = 0;
  made.await(false, () => {
    woken += 1;
  });
  expect(seen.waits).toBe(1);
  made.push(Buffer.from("a"));
  made.push(Buffer.from("b"));
  expect(woken).toBe(1);
});
