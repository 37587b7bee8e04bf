/**
 * Entry of the worker that checkpoints the WAL of a database. It receives the file name and responds with a
 * `Checkpointed`.
 */
import { DatabaseSync } from "node:sqlite";
import { parentPort } from "node:worker_threads";

if (!parentPort) throw new Error("checkpoints are made by a thread of the server");
const port = parentPort;

port.on("message", (file: string) => {
  let isDone = false;
  try {
    // Open only for as long as it takes: the last connection to be closed would wait to tidy up.
    using database = new DatabaseSync(file, { timeout: 1_000 });
    isDone = database.prepare("PRAGMA wal_checkpoint(PASSIVE)").get()?.["busy"] === 0;
  } catch {
    // The WAL stays longer; the caller makes the next checkpoint itself.
  }
  port.postMessage({ isDone });
});
