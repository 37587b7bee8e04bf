import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FileContentStore } from "../../src/backends/sqlite/messages/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import {
  composeMessage,
  type Content,
  fetchContent,
  plainMessage,
  putAside,
  readMessage,
} from "../../src/messages/index.ts";
import { tempDirectory } from "../helpers/temp.ts";

const { signal } = new AbortController();
const message = (content: Content) =>
  composeMessage({
    workspace: "default",
    performative: "inform",
    sender: "writer",
    address: { type: "receivers", names: ["reader"] },
    content,
    atMs: 0,
  });
const large: readonly Content[] = [
  { type: "text", text: "ä".repeat(40_000) },
  { type: "json", value: { rows: Array.from({ length: 20_000 }, (_, row) => row) } },
];

test("content up to 64 KiB travels with its message; above it is put aside and fetched again", async () => {
  using directory = tempDirectory();
  const store = new FileContentStore(directory.path, systemClock);
  const small = message({ type: "text", text: "x".repeat(65_536) });
  expect(await putAside(small, store, signal)).toBe(small);
  for (const content of large) {
    const kept = await putAside(message(content), store, signal);
    expect(kept.content.type).toBe("artifact");
    expect(await fetchContent(kept.content, store, signal)).toEqual(content);
  }
});

test("the same content is kept once, a damaged or lost one stays a reference", async () => {
  using directory = tempDirectory();
  const store = new FileContentStore(directory.path, systemClock);
  const [content = { type: "text", text: "" }] = large;
  const { content: kept } = await putAside(message(content), store, signal);
  await putAside(message(content), store, signal);
  const files = await readdir(directory.path, { recursive: true, withFileTypes: true });
  const [file, ...others] = files.filter((entry) => entry.isFile());
  expect(others).toEqual([]);
  await writeFile(join(file?.parentPath ?? "", file?.name ?? ""), "something else");
  expect(await fetchContent(kept, store, signal)).toBe(kept);
  expect(await store.dropBefore(systemClock.nowMs() + 60_000)).toBe(1);
  expect(await fetchContent(kept, store, signal)).toBe(kept);
});

test("a plain message, made a message and plain again, is the same", () => {
  const from = { sender: "writer", receiver: "reader", conversation_id: "c-1", content: { answer: 42 } };
  const kinds = [
    { message_type: "request" },
    { message_type: "response", reply_to: "m-1" },
    { message_type: "notification" },
    { message_type: "error", reply_to: "m-1" },
  ];
  for (const kind of kinds) {
    const read = readMessage({ ...from, ...kind }, { workspace: "default", nowMs: 0, contentBytesMax: 1_000 });
    expect(read.type === "message" && plainMessage(read.message)).toMatchObject({ ...from, ...kind });
  }
});
