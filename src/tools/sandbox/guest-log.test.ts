import * as fc from "fast-check";
import { expect, test } from "vitest";
import { clean, GuestLog } from "./guest-log.ts";
import { Redaction } from "../../text/redaction/index.ts";

test("log lines are emitted whole, without sequences that move cursors or change colors", () => {
  const log = new GuestLog();
  log.append(Buffer.from("first\n\u001b[31mred\u001b[0m and\u0007 bell\r\nthi"), 5);
  log.append(Buffer.from("rd"), 6);
  expect(log.lines(7)).toEqual([
    { atMs: 5, text: "first" },
    { atMs: 5, text: "[31mred[0m and bell" },
    { atMs: 7, text: "third" },
  ]);
});

test("only the last 200 lines are kept", () => {
  const log = new GuestLog();
  for (let line = 0; line < 500; line += 1) log.append(Buffer.from(`line ${line}\n`), line);
  const texts = log.lines(0).map(({ text }) => text);
  expect(texts).toHaveLength(200);
  expect([texts[0], texts.at(-1)]).toEqual(["line 300", "line 499"]);
});

test("no text of a guest keeps a character that a terminal obeys, nor more than 2,000 characters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), fc.integer({ min: 1, max: 60 }), (text, times) => {
      const shown = clean(text.repeat(times));
      expect(shown.length).toBeLessThanOrEqual(2_000);
      // eslint-disable-next-line no-control-regex -- control characters are what is looked for
      expect(shown).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
    }),
  );
});

test("a secret is not logged, even when it comes in pieces, is cut by the longest line or has something unseen in it", () => {
  const guest = new GuestLog(Redaction.of([{ name: "TOKEN", value: "very-secret-value" }]));
  guest.append(Buffer.from("one very-sec"), 1);
  guest.append(Buffer.from("ret-value two\n"), 2);
  guest.append(Buffer.from(`${"x".repeat(1_990)}very-secret-value\n`), 3);
  guest.append(Buffer.from("very-\u200bsecret\u0007-value"), 4);
  const said = guest.lines(5).map(({ text }) => text);
  expect(said[0]).toBe("one [redacted:TOKEN] two");
  expect(said.join(" ")).not.toContain("very-");
  expect(said[2]).toBe("[redacted:TOKEN]");
});
