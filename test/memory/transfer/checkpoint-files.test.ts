import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CheckpointFiles, MemoryBackendFile } from "../../../src/memory/transfer/files/index.ts";
import { tempDirectory } from "../../helpers/temp.ts";

// transfer.checkpoints.C1
test("a checkpoint is the last one that was written, and none if its file is damaged or removed", async () => {
  using directory = tempDirectory();
  const checkpoints = new CheckpointFiles(directory.path);
  expect(await checkpoints.read("import")).toBeUndefined();
  await checkpoints.write("import", { line: 1 });
  await checkpoints.write("import", { line: 2 });
  expect(await new CheckpointFiles(directory.path).read("import")).toEqual({ line: 2 });
  // What a process leaves that ends while it writes the next one.
  writeFileSync(join(directory.path, "import.json.new"), '{"li');
  expect(await checkpoints.read("import")).toEqual({ line: 2 });
  writeFileSync(join(directory.path, "import.json"), '{"li');
  expect(await checkpoints.read("import")).toBeUndefined();
});

// transfer.checkpoints.K2
test("an unreadable note of memory's backend is an error, and a missing one is not", async () => {
  using directory = tempDirectory();
  const notes = new MemoryBackendFile(directory.path);
  expect(await notes.read()).toBeUndefined();
  const note = { configured: "embedded", was: "embedded", now: "qdrant", seq: 7, atMs: 5_000, isConfirmed: false };
  await notes.write(note);
  expect(await new MemoryBackendFile(directory.path).read()).toEqual(note);
  writeFileSync(join(directory.path, "memory-backend.json"), "{");
  await expect(notes.read()).rejects.toMatchObject({ code: "MEMORY_BACKEND_UNKNOWN" });
  await notes.remove();
  expect(await notes.read()).toBeUndefined();
});
