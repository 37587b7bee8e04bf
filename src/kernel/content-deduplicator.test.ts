import * as fc from "fast-check";
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { JsonObject } from "./json.ts";
import { inlineContent, ContentDeduplicator, hashesIn } from "./content-deduplicator.ts";

// verifies("run.distinct-blobs")

function store() {
  const texts = new Map<string, string>();
  const detacher = new ContentDeduplicator((text) => {
    const hash = createHash("sha256").update(text).digest("base64url");
    texts.set(hash, text);
    return hash;
  });
  const textOf = (hash: string) => {
    const text = texts.get(hash);
    if (text === undefined) throw new Error(`no text ${hash}`);
    return text;
  };
  return { texts, detacher, textOf };
}

const long = fc.integer({ min: 250, max: 400 }).map((length) => "x".repeat(length));
const key = fc.oneof(fc.constantFrom("$text", "$content", "text", "__proto__"), fc.string({ maxLength: 5 }));
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.oneof(fc.string(), long, fc.integer(), fc.boolean(), fc.constant(null)),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4 }),
  ),
})).value;

test("whatever a content is, attaching gives back what was detached, and its hashes are all that were stored", () => {
  fc.assert(
    fc.property(fc.array(fc.dictionary(key, json, { maxKeys: 4 }), { maxLength: 3 }), (contents) => {
      const { texts, detacher, textOf } = store();
      // As events are written: what JSON makes of it.
      const given: JsonObject[] = JSON.parse(JSON.stringify(contents));
      const detached: JsonObject[] = given.map((content) => JSON.parse(JSON.stringify(detacher.detach(content))));
      expect(detached.map((content) => inlineContent(content, textOf))).toEqual(given);
      expect(new Set(detached.flatMap(hashesIn))).toEqual(new Set(texts.keys()));
    }),
    { numRuns: 500 },
  );
});

test("the arguments of a call, as the model wrote them and as they are read, are stored once, and so is a result and its text", () => {
  const { texts, detacher } = store();
  const given = { path: "p".repeat(300), rows: [1, 2, 3] };
  const spaced = JSON.stringify(given, null, 2);
  detacher.detach({ text: "", toolCalls: [{ id: "1", name: "t", arguments: spaced }] });
  detacher.detach({ arguments: given });
  expect([...texts.values()]).toEqual([spaced]);
  detacher.detach({ text: JSON.stringify({ ...given, more: 1 }), structured: { ...given, more: 1 } });
  expect(texts.size).toBe(2);
});
