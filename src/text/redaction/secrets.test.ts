import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Redaction } from "./secrets.ts";

// verifies("security.redaction")

const SECRET = 's3cr3t/va+lue "x" ü';
const redaction = Redaction.of([
  { name: "TOKEN", value: SECRET },
  { name: "OTHER", value: "another-one" },
]);

test("a secret is replaced by its name wherever it stands", () => {
  expect(redaction?.text(`a ${SECRET}, b another-one, ${SECRET}.`)).toBe(
    "a [redacted:TOKEN], b [redacted:OTHER], [redacted:TOKEN].",
  );
});

test.each([
  ["encoded for a URL", encodeURIComponent(SECRET)],
  ["encoded for a URL in small letters", encodeURIComponent(SECRET).toLowerCase().replaceAll("%2f", "%2f")],
  ["as a form", new URLSearchParams({ v: SECRET }).toString().slice(2)],
  ["in base64", Buffer.from(SECRET).toString("base64")],
  ["in base64 for URLs", Buffer.from(SECRET).toString("base64url")],
  ["in hexadecimal", Buffer.from(SECRET).toString("hex")],
  ["in JSON", JSON.stringify(SECRET).slice(1, -1)],
])("a secret is found %s", (_how, form) => {
  expect(redaction?.text(`<${form}>`)).toBe("<[redacted:TOKEN]>");
});

test("a secret inside of what was encoded in base64 is found at each alignment", () => {
  for (const user of ["", "a", "ab", "abc"]) {
    const text = Buffer.from(`${user}:${SECRET};`).toString("base64");
    expect(redaction?.text(text)).toContain("[redacted:TOKEN]");
  }
});

test("each line of a key with several is hidden", () => {
  const key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----";
  const hidden = Redaction.of([{ name: "KEY", value: key }])?.text(`2: ${key.split("\n")[1]}`);
  expect(hidden).toBe("2: [redacted:KEY]");
});

test("every string of a JSON value is looked at, and bytes that are no text stay", () => {
  expect(redaction?.json({ [SECRET]: [SECRET, 1, null, { deep: `x${SECRET}` }] })).toEqual({
    "[redacted:TOKEN]": ["[redacted:TOKEN]", 1, null, { deep: "x[redacted:TOKEN]" }],
  });
  const bytes = Buffer.concat([Buffer.of(0xff, 0, 0xc3), Buffer.from(SECRET), Buffer.of(0xfe)]);
  expect(redaction?.bytes(bytes)).toEqual(
    Buffer.concat([Buffer.of(0xff, 0, 0xc3), Buffer.from("[redacted:TOKEN]"), Buffer.of(0xfe)]),
  );
  const clean = Buffer.of(0xff, 1, 2);
  expect(redaction?.bytes(clean)).toBe(clean);
});

test("nothing to hide, or what is too short to be found, needs no redaction", () => {
  expect(Redaction.of([])).toBeUndefined();
  expect(Redaction.of([{ name: "SHORT", value: "7 chars" }])).toBeUndefined();
});

const secret = fc.string({ minLength: 8, maxLength: 60, unit: "grapheme" }).filter((text) => text.trim() === text);

test("whatever a secret is made of, it does not remain in a text around it", () => {
  fc.assert(
    fc.property(secret, fc.string(), fc.string(), (value, before, after) => {
      const name = "N";
      const mine = Redaction.of([{ name, value }]);
      const said = mine?.text(`${before}${value}${after}`) ?? value;
      const inBytes = Buffer.from(mine?.bytes(Buffer.from(`${before}${value}${after}`)) ?? []).toString();
      expect(said).toContain("[redacted:N]");
      expect(inBytes).toContain("[redacted:N]");
    }),
  );
});

test("hiding a short secret with a long name makes a text at most twice as long, and leaves nothing of it", () => {
  const name = "A".repeat(128);
  const mine = Redaction.of([{ name, value: "abcdefgh" }]);
  const text = "abcdefgh".repeat(2 * 1024 * 1024);
  const said = mine?.text(text) ?? "";
  expect(said.length).toBeLessThanOrEqual(2 * text.length + 256);
  expect(said).not.toContain("abcdefgh");
  expect(said.startsWith(`[redacted:${name}][redacted:${name}]`)).toBe(true);
  expect(said.endsWith("[secret][secret]")).toBe(true);
  const bytes = mine?.bytes(Buffer.from(text)) ?? Buffer.alloc(0);
  expect(bytes.length).toBeLessThanOrEqual(2 * text.length + 256);
  const inJson = mine?.json(Array.from({ length: 1_000 }, () => text.slice(0, 1_600)));
  expect(JSON.stringify(inJson).length).toBeLessThan(1_000 * (2 * 1_600 + 300));
});

test("a secret that comes later, or changes, is hidden from then on", () => {
  let secrets: readonly { readonly name: string; readonly value: string }[] = [];
  const mine = Redaction.of(() => secrets);
  expect(mine?.text("the-first-value")).toBe("the-first-value");
  secrets = [{ name: "TOKEN", value: "the-first-value" }];
  expect(mine?.text("the-first-value")).toBe("[redacted:TOKEN]");
  secrets = [...secrets, { name: "TOKEN", value: "the-second-value" }];
  expect(mine?.json({ "the-first-value": ["the-second-value"] })).toEqual({ "[redacted:TOKEN]": ["[redacted:TOKEN]"] });
  expect(Buffer.from(mine?.bytes(Buffer.from("the-second-value")) ?? []).toString()).toBe("[redacted:TOKEN]");
});
