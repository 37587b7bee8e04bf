import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ToolKeyInvalidError } from "./errors.ts";
import { checkSignature, generateSigningKey, keyIdOf, signModule } from "./signature.ts";

// verifies("tool.signature")

const key = generateSigningKey();
const trusted = [{ name: "acme", key: key.publicKey }];
const signed = { moduleHash: "a".repeat(64), manifestHash: "b".repeat(64) };
const text = signModule(signed, key.privateKey);

test("what was signed with a trusted key is trusted by that key's name", () => {
  expect(checkSignature(text, signed, trusted)).toEqual({ type: "trusted", name: "acme", keyId: key.keyId });
  expect(keyIdOf(key.publicKey)).toBe(key.keyId);
  expect(text.split("\n").slice(0, 2)).toEqual(["caxton-signature-1", `key ${key.publicKey}`]);
});

test("an untrusted key is unknown, a missing signature is unsigned", () => {
  expect(checkSignature(text, signed, [])).toEqual({ type: "unknown-key", keyId: key.keyId });
  expect(checkSignature(undefined, signed, trusted)).toEqual({ type: "unsigned" });
});

test("another module, another manifest, another key in the text are wrong", () => {
  expect(checkSignature(text, { ...signed, moduleHash: "c".repeat(64) }, trusted)).toMatchObject({
    type: "wrong",
    reason: "it signs another module",
  });
  expect(checkSignature(text, { ...signed, manifestHash: "c".repeat(64) }, trusted)).toMatchObject({ type: "wrong" });
  const swapped = text.replace(key.publicKey, generateSigningKey().publicKey);
  expect(checkSignature(swapped, signed, trusted)).toMatchObject({ reason: "it was not made with the key it names" });
});

test("no changed character of a signature passes as trusted", () => {
  fc.assert(
    fc.property(fc.nat(text.length - 2), fc.constantFrom("0", "A", "z", "=", "\n"), (at, character) => {
      fc.pre(text[at] !== character);
      const changed = text.slice(0, at) + character + text.slice(at + 1);
      expect(checkSignature(changed, signed, trusted).type).toBe("wrong");
    }),
    { numRuns: 500 },
  );
});

test("reports invalid keys as text", () => {
  expect(() => signModule(signed, "hello")).toThrow(ToolKeyInvalidError);
  expect(() => checkSignature(text, signed, [{ name: "x", key: "ed25519:AAAA" }])).toThrow(ToolKeyInvalidError);
});
