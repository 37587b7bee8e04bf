import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readForm } from "./multipart.ts";

async function encoded(form: FormData): Promise<{ readonly type: string; readonly body: Buffer<ArrayBuffer> }> {
  const response = new Response(form);
  return { type: response.headers.get("content-type") ?? "", body: Buffer.from(await response.arrayBuffer()) };
}

test("fields and files of a form are read as they were, whatever bytes they hold, without a copy", async () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(bytes, fc.string(), async (file, text) => {
      const form = new FormData();
      form.set("module", new Blob([new Uint8Array(file)]), "a b.wasm");
      form.set("manifest", text);
      const { type, body } = await encoded(form);
      const read = readForm(type, body);
      if (typeof read === "string") throw new Error(read);
      expect(read.get("module")).toEqual({ fileName: "a b.wasm", content: Buffer.from(file) });
      expect(read.get("module")?.content.buffer).toBe(body.buffer);
      const lines = text.replaceAll(/\r\n|\r|\n/g, "\r\n").toWellFormed();
      expect(read.get("manifest")?.content.toString("utf8")).toBe(lines);
      expect(read.get("manifest")?.fileName).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});

test.each([
  ["multipart/form-data", "--b\r\n", "names no boundary"],
  ["multipart/form-data; boundary=b", "", "has no parts"],
  ["multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=x\r\n\r\nhalf", "does not end"],
  ["multipart/form-data; boundary=b", "--b\r\nX: y\r\n\r\n1\r\n--b--", "a part has no name"],
])("a body of type %s that is %j is refused", (type, body, words) => {
  expect(readForm(type, Buffer.from(body))).toContain(words);
});

test("any bytes are read or refused", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("--b", "\r\n", "--", "Content-Disposition: form-data; name=x", "z")),
      (parts) => {
        const read = readForm('multipart/form-data; boundary="b"', Buffer.from(parts.join("")));
        expect(typeof read === "string" || read.size <= 20).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});
