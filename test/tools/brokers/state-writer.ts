import { Database, SqliteToolState } from "../../../src/storage/index.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { callerWith } from "./web.ts";

/** Writes keys until it is killed, and says each one that was answered. */
const [directory = ""] = process.argv.slice(2);
const state = new SqliteToolState(Database.open({ directory, synchronous: "normal" }), systemClock);
const caller = callerWith({ state: true });
for (let count = 0; ; count += 1) {
  await state.set(caller, `key-${count}`, Buffer.from(`value ${count}`));
  process.stdout.write(`${count}\n`);
}
