// The thread of bare-path.ts that writes.
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { type BareBatch } from "./bare-path.ts";

const database = new DatabaseSync(String(workerData));
database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000;
  CREATE TABLE message (seq INTEGER PRIMARY KEY, agent INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE TABLE acknowledged (n INTEGER PRIMARY KEY, seqs BLOB NOT NULL);`);
const insert = database.prepare("INSERT INTO message VALUES (?, ?, ?)");
const acknowledge = database.prepare("INSERT INTO acknowledged (seqs) VALUES (?)");

parentPort?.on("message", ({ seqs, agents, bodies, acknowledged }: BareBatch) => {
  database.exec("BEGIN");
  for (const [index, seq] of seqs.entries()) insert.run(seq, agents[index] ?? 0, bodies[index] ?? "");
  if (acknowledged.length > 0) acknowledge.run(new Uint8Array(Float64Array.from(acknowledged).buffer));
  database.exec("COMMIT");
  parentPort?.postMessage(undefined);
});
