import { expect, test } from "vitest";
import { contentsOf, RESOURCE_BYTES_MAX } from "./contents.ts";

const uri = "caxton://artifacts/1";

test.each([
  ["text/markdown; charset=utf-8", "# é", { mimeType: "text/markdown", text: "# é" }],
  ["application/json", Buffer.from("{}"), { mimeType: "application/json", text: "{}" }],
  ["image/svg+xml", Buffer.from("<svg/>"), { mimeType: "image/svg+xml", text: "<svg/>" }],
  ["image/png", Buffer.from([137, 80]), { mimeType: "image/png", blob: "iVA=" }],
  ["text/plain", Buffer.from([0xff, 0xfe]), { mimeType: "text/plain", blob: "//4=" }],
])("%s", async (mediaType, content, expected) => {
  expect(await contentsOf({ uri, mediaType, content })).toEqual({ uri, ...expected });
});

test("content is read only as far as a resource may be large", async () => {
  let read = 0;
  async function* content() {
    for (;;) {
      read += 1;
      yield await Promise.resolve("x".repeat(1024 * 1024));
    }
  }
  const refused = contentsOf({ uri, mediaType: "text/plain", content: content() });
  await expect(refused).rejects.toMatchObject({ code: "REQUEST_INVALID", message: expect.stringContaining(uri) });
  expect(read).toBe(RESOURCE_BYTES_MAX / (1024 * 1024) + 1);
});
