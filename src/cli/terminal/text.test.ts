import * as fc from "fast-check";
import { expect, test } from "vitest";
import { oneLine, safeText, textWidth, truncate } from "./text.ts";

test("escape sequences and control characters do not reach a terminal", () => {
  expect(safeText("\u001B[31mred\u001B[0m \u001B]0;title\u0007 ok\u0007\r\n\tnext")).toBe("red  ok\n\tnext");
});

const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xa0 }), fc.integer({ min: 0xa1, max: 0xd7ff })))
  .map((codes) => String.fromCharCode(...codes));

test("no text keeps a character that moves a cursor", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      // oxlint-disable-next-line no-control-regex
      expect(safeText(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    }),
  );
});

test("text on one line has no line feed and no runs of blanks", () => {
  expect(oneLine("  two\n\n  lines\t here ")).toBe("two lines here");
});

test("wide characters and emoji take two cells, escape sequences none", () => {
  expect(textWidth("日本")).toBe(4);
  expect(textWidth("🚀 go")).toBe(5);
  expect(textWidth("\u001B[1mbold\u001B[0m")).toBe(4);
  expect(textWidth("é")).toBe(1);
});

test("cut text fits, ends in an ellipsis and begins like the whole", () => {
  fc.assert(
    fc.property(anyText.map(oneLine), fc.integer({ min: 1, max: 20 }), (text, widthMax) => {
      const cut = truncate(text, widthMax);
      expect(textWidth(cut)).toBeLessThanOrEqual(widthMax);
      expect(cut === text || (cut.endsWith("…") && text.startsWith(cut.slice(0, -1)))).toBe(true);
    }),
  );
});
