import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Stdio } from "./stdio.ts";

function stdio(lineBytesMax = 1_000) {
  const lines: string[] = [];
  const seen = { tooLong: 0, errors: "", waits: 0 };
  const made = new Stdio(
    {
      onLine: (bytes, start, end) => lines.push(bytes.toString("latin1", start, end)),
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

const say = (stream: Stdio, text: string): void => stream.write(Buffer.from(text), 0, text.length);

test("lines much longer than what is taken at once come out whole, also one byte at a time", () => {
  const { made, lines } = stdio(1_000_000);
  const text = "0123456789".repeat(30_000);
  say(made, `${text}\nshort\n${text}`);
  say(made, "end\n");
  for (const character of "slow\n") say(made, character);
  expect(lines).toEqual([text, "short", `${text}end`, "slow"]);
});

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
          made.write(bytes, start, (places[index] ?? bytes.length) - start);
        expect(lines).toEqual(texts);
      },
    ),
  );
});

test("a line longer than allowed is reported, ended or not", () => {
  const one = stdio(10);
  say(one.made, "12345678901\n");
  expect(one.seen.tooLong).toBe(1);
  const two = stdio(10);
  say(two.made, "123456");
  say(two.made, "78901");
  expect(two.seen.tooLong).toBe(1);
  expect([...one.lines, ...two.lines]).toEqual([]);
});

test("input is taken in order, in pieces of any size", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), fc.integer({ min: 1, max: 30 }), (parts, size) => {
      const { made } = stdio();
      for (const part of parts) made.push(part);
      const taken: Buffer[] = [];
      const memory = Buffer.alloc(size + 7);
      for (let count = made.take(memory, 7, size); count > 0; count = made.take(memory, 7, size)) {
        taken.push(Buffer.from(memory.subarray(7, 7 + count)));
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
