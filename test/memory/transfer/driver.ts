/**
 * A process that imports until it is killed: `node driver.ts <directory> <file>`. Says `P <records>` at each progress report: how
 * far it is, and `E <report>` at the end.
 */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";
import { CheckpointFiles } from "../../../src/memory/transfer/files/checkpoint-files.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { MemoryTransfers } from "../../../src/memory/transfer/index.ts";
import { say } from "../../helpers/say.ts";
import { keyOf, openMemory } from "./within.ts";

const [, , directory = ".", file = ""] = argv;
await using opened = await openMemory(directory);
const checkpoints = new CheckpointFiles(join(directory, "transfers"));
const transfers = new MemoryTransfers({ memory: opened.memory, checkpoints, clock: systemClock });
const report = await transfers.import(createReadStream(file, { highWaterMark: 4_096 }), {
  merge: "error",
  scope: undefined,
  scopeKey: keyOf,
  isTrial: false,
  source: "file",
  key: "file",
  onProgress: ({ records }) => say(`P ${records}`),
});
say(`E ${JSON.stringify(report)}`);
