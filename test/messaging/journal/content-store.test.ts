import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FileContentStore } from "../../../src/messaging/journal/index.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import {
  composeMessage,
  type Content,
  fetchContent,
  keptHash,
  offloadContent,
} from "../../../src/messaging/acl/index.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { openWorld, until } from "../router/world.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("message.large-content");

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

test("content up to 64 KiB travels with its message; above it is offloaded and fetched again", async () => {
  using directory = tempDirectory();
  const store = new FileContentStore(directory.path, systemClock);
  const small = message({ type: "text", text: "x".repeat(65_536) });
  expect(await offloadContent(small, store, signal)).toBe(small);
  for (const content of large) {
    const kept = await offloadContent(message(content), store, signal);
    expect(kept.content.type).toBe("artifact");
    expect(await fetchContent(kept, store, signal)).toEqual(content);
  }
});

test("the same content is kept once, a damaged or lost one stays a reference", async () => {
  using directory = tempDirectory();
  const store = new FileContentStore(directory.path, systemClock);
  const [content = { type: "text", text: "" }] = large;
  const kept = await offloadContent(message(content), store, signal);
  await offloadContent(message(content), store, signal);
  const files = await readdir(directory.path, { recursive: true, withFileTypes: true });
  const [file, ...others] = files.filter((entry) => entry.isFile());
  expect(others).toEqual([]);
  await writeFile(join(file?.parentPath ?? "", file?.name ?? ""), "something else");
  expect(await fetchContent(kept, store, signal)).toBe(kept.content);
  expect(await store.dropBefore(systemClock.nowMs() + 60_000)).toBe(1);
  expect(await fetchContent(kept, store, signal)).toBe(kept.content);
});

test("a workspace has only the contents of its own messages, and loses them when it is deleted", async () => {
  using directory = tempDirectory();
  const store = new FileContentStore(directory.path, systemClock);
  const [content = { type: "text", text: "" }] = large;
  const kept = await offloadContent({ ...message(content), workspace: "red" }, store, signal);
  const foreign = { ...kept, workspace: "blue" };
  expect(await fetchContent(foreign, store, signal)).toBe(kept.content);
  await offloadContent({ ...message(content), workspace: "blue" }, store, signal);
  await store.deleteWorkspace("red");
  expect(await fetchContent(kept, store, signal)).toBe(kept.content);
  expect(await fetchContent(foreign, store, signal)).toEqual(content);
});

// router.claim-check.K3
test("contents of a workspace are bounded by bytes: its oldest without a waiter is deleted, and what would not fit is refused", async () => {
  using directory = tempDirectory();
  const clock = new ManualClock();
  const contents = new FileContentStore(directory.path, clock);
  const options = { contentBytesMax: 350_000 };
  const { router, agent } = await openWorld({ clock, contents, options });
  const send = (letter: string, to: string, workspace = "default") =>
    router.submit(
      composeMessage({
        workspace,
        performative: "inform",
        sender: "ann",
        address: { type: "receivers", names: [to] },
        content: { type: "text", text: letter.repeat(100_000) },
        atMs: clock.nowMs(),
      }),
    );
  const isKeptIn = async (workspace: string, letter: string) => {
    const hash = keptHash({ type: "text", text: letter.repeat(100_000) });
    return (await contents.fetch(workspace, { hash }, signal)) !== undefined;
  };
  const isKept = (letter: string) => isKeptIn("default", letter);
  // The oldest of all is of another workspace, and its recipient takes it.
  expect(await send("x", "bob", "red")).toMatchObject({ type: "accepted" });
  await clock.advance(120_000);
  // Olga is outside and takes nothing; bob takes all there is.
  for (const [letter, name] of [
    ["a", "outside-olga"],
    ["b", "bob"],
    ["c", "bob"],
  ] as const) {
    expect(await send(letter, name)).toMatchObject({ type: "accepted" });
    await clock.advance(120_000);
  }
  await until(() => agent.got.length === 3);
  expect(await send("d", "outside-olga")).toMatchObject({ type: "accepted" });
  expect(await Promise.all(["a", "b", "c", "d"].map(isKept))).toEqual([true, false, true, true]);
  await clock.advance(120_000);
  expect(await send("e", "outside-olga")).toMatchObject({ type: "accepted" });
  await clock.advance(120_000);
  const cause = expect.stringContaining("[MESSAGE_CONTENTS_FULL]");
  expect(await send("f", "outside-olga")).toMatchObject({
    type: "refused",
    error: { code: "MESSAGE_NOT_STORED", message: cause },
  });
  expect(await Promise.all(["a", "c", "d", "e"].map(isKept))).toEqual([true, false, true, true]);
  // Other workspaces are not full, and lose nothing.
  for (const letter of ["y", "z"]) expect(await send(letter, "bob", "red")).toMatchObject({ type: "accepted" });
  expect(await Promise.all(["x", "y", "z"].map((letter) => isKeptIn("red", letter)))).toEqual([true, true, true]);
  await router.close(0);
});
