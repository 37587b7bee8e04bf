import { strict as assert } from "node:assert";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MESSAGE_JOURNAL_DEFAULTS } from "../../../src/messaging/journal/index.ts";
import { JournalWriter } from "../../../src/messaging/journal/writer.ts";
import { Chance } from "../../fuzz/chance.ts";
import { bundleDriver } from "./bundle.ts";
import { recipientsOf } from "./kill-loop.ts";

const [DATABASE, LOG, OUTPUT] = [1, 2, 3];
const HEAD_BYTES = 14;
/** What a disk writes whole, or not at all. */
const SECTOR = 512;
const IN_FLIGHT_MAX = 150;

type Write = { readonly what: string; readonly where: number; readonly offset: number; readonly data: Buffer };

export type PowerCutLoad = {
  readonly cuts: number;
  readonly messages: number;
  readonly seed: number;
  readonly synchronous?: "full" | "normal";
};

export type PowerCutReport = {
  readonly cuts: number;
  /** Cuts after which something of class `normal` was gone, which is allowed. */
  readonly lostNormal: number;
  /** Cuts after which something that had been settled came back, which is allowed: settlements wait for no sync. */
  readonly cameBack: number;
  readonly writes: number;
  readonly checkpoints: number;
};

/**
 * Lets a router with its journal take `messages` messages while all its writes are noted, then cuts the power at `cuts` random
 * moments: what was synced is there, of the rest some, torn into sectors. Throws when the journal does not open, or when
 * something of class `full` is missing that had been accepted or worked on before the cut.
 */
export async function powerCuts(load: PowerCutLoad): Promise<PowerCutReport> {
  const { cuts, seed } = load;
  const root = mkdtempSync(join(tmpdir(), "caxton-power-cuts-"));
  try {
    const writes = readWrites(await noted(root, load));
    const chance = new Chance(seed);
    const first = writes.findIndex(({ where }) => where === OUTPUT);
    let [lostNormal, cameBack] = [0, 0];
    for (let cut = 0; cut < cuts; cut += 1) {
      const at = first + chance.below(writes.length - first);
      const directory = join(root, `cut-${cut}`);
      mkdirSync(directory);
      const lines = rebuild(writes.slice(0, at), directory, chance);
      const lost = judge(directory, lines, `cut ${cut} (seed ${seed}) after write ${at} of ${writes.length}`);
      if (lost.normal) lostNormal += 1;
      if (lost.settlement) cameBack += 1;
      rmSync(directory, { recursive: true });
    }
    const checkpoints = writes.filter(({ what, where }) => what === "S" && where === DATABASE).length;
    return { cuts, lostNormal, cameBack, writes: writes.length, checkpoints };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** The log of all writes of one life of the driver. */
async function noted(root: string, { messages, synchronous = "full" }: PowerCutLoad): Promise<Buffer> {
  const shim = join(root, "power-cut.so");
  const source = join(import.meta.dirname, "power-cut.c");
  execFileSync("/usr/bin/clang", ["-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl", "-lpthread"]);
  const driver = await bundleDriver(root);
  const [data, log] = [join(root, "data"), join(root, "writes")];
  const child = spawn(process.execPath, [driver, data, synchronous], {
    stdio: ["pipe", "pipe", "inherit"],
    env: {
      ...process.env,
      LD_PRELOAD: shim,
      POWER_CUT_LOG: log,
      POWER_CUT_DATABASE: join(data, "messages.db"),
    },
  });
  let [sent, accepted, text] = [0, 0, ""];
  const send = (): void => {
    const lines: number[] = [];
    while (sent < messages && sent - accepted < IN_FLIGHT_MAX) lines.push(sent++);
    if (lines.length > 0) child.stdin.write(`${lines.join("\n")}\n`);
    if (accepted === messages) child.stdin.end("end\n");
  };
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    const more = lines.filter((line) => line.startsWith("A ")).length;
    accepted += more;
    if (more > 0 || lines.includes("R")) send();
  });
  child.stdin.write("open\n");
  await new Promise((resolve) => child.once("close", resolve));
  assert.equal(accepted, messages, "the driver ended before it had accepted all");
  return readFileSync(log);
}

function readWrites(log: Buffer): readonly Write[] {
  const writes: Write[] = [];
  for (let at = 0; at + HEAD_BYTES <= log.length;) {
    const what = String.fromCharCode(log.readUInt8(at));
    const [where, offset] = [log.readUInt8(at + 1), Number(log.readBigUInt64LE(at + 2))];
    const length = what === "W" ? log.readUInt32LE(at + 10) : 0;
    at += HEAD_BYTES;
    writes.push({ what, where, offset, data: log.subarray(at, at + length) });
    at += length;
  }
  return writes;
}

/** What a file is, and what was written to it since without a sync. */
class Disk {
  #room = Buffer.alloc(0);
  #length = 0;
  #unsynced: Write[] = [];
  /** For each running sync how many of the unsynced writes it covers. */
  #syncing: number[] = [];

  take(write: Write): void {
    if (write.what === "s") this.#syncing.push(this.#unsynced.length);
    else if (write.what === "S") this.#synced(this.#syncing.shift() ?? 0);
    else this.#unsynced.push(write);
  }

  #synced(count: number): void {
    for (const write of this.#unsynced.splice(0, count)) this.#apply(write);
    this.#syncing = this.#syncing.map((other) => Math.max(0, other - count));
  }

  #apply({ what, offset, data }: Write): void {
    if (what === "T") this.#resize(offset);
    else this.#put(offset, data);
  }

  #put(offset: number, data: Buffer): void {
    if (offset + data.length > this.#length) this.#resize(offset + data.length);
    data.copy(this.#room, offset);
  }

  #resize(length: number): void {
    if (length > this.#room.length) {
      const room = Buffer.alloc(length * 2);
      this.#room.copy(room, 0, 0, this.#length);
      this.#room = room;
    }
    this.#room.fill(0, Math.min(length, this.#length), Math.max(length, this.#length));
    this.#length = length;
  }

  /** What is left when the power goes: some of what was not synced, by sectors. */
  cut(chance: Chance): Buffer {
    const share = chance.below(101) / 100;
    for (const { what, where, offset, data } of this.#unsynced) {
      if (!chance.is(share)) continue;
      if (what === "T") this.#resize(offset);
      for (let from = 0; from < data.length; from += SECTOR) {
        if (chance.is(0.9)) this.#put(offset + from, data.subarray(from, Math.min(data.length, from + SECTOR)));
      }
      assert(where === DATABASE || where === LOG);
    }
    return this.#room.subarray(0, this.#length);
  }
}

/** Writes the files as the cut left them; the lines that had been said before. */
function rebuild(writes: readonly Write[], directory: string, chance: Chance): readonly string[] {
  const [database, log] = [new Disk(), new Disk()];
  let said = "";
  for (const write of writes) {
    if (write.where === OUTPUT) said += write.what === "W" ? write.data.toString() : "";
    else (write.where === DATABASE ? database : log).take(write);
  }
  writeFileSync(join(directory, "messages.db"), database.cut(chance));
  const left = log.cut(chance);
  if (left.length > 0) writeFileSync(join(directory, "messages.db-wal"), left);
  return said.split("\n").slice(0, -1);
}

type Lost = { readonly normal: boolean; readonly settlement: boolean };

/** What was lost that may be. */
function judge(directory: string, lines: readonly string[], where: string): Lost {
  const file = join(directory, "messages.db");
  const options = { ...MESSAGE_JOURNAL_DEFAULTS, file, synchronous: "full" } as const;
  const { writer, recovered } = JournalWriter.open(options, { sinceMs: 0, recentMax: 1_000_000 });
  try {
    const { pending, recent } = recovered;
    const seqOf = new Map(recent.ids.map((id, row) => [Number(id.slice(-12)), recent.seqs[row] ?? 0]));
    const open = new Set(pending.seqs);
    const lost = { normal: false, settlement: false };
    for (const line of lines) {
      const [what, text, recipient] = line.split(" ");
      const number = Number(text);
      const seq = seqOf.get(number);
      if ((what === "A" || what === "P") && seq === undefined) {
        assert(number % 3 === 0, `${where}: message ${number} of class full is lost after "${line}"`);
        lost.normal = true;
      }
      if (what !== "D" || seq === undefined) continue;
      // What went outside went to one recipient.
      assert.deepEqual(recipientsOf(number), [recipient]);
      if (open.has(seq)) lost.settlement = true;
    }
    assertSound(file, where);
    return lost;
  } finally {
    writer.close();
  }
}

function assertSound(file: string, where: string): void {
  using db = new DatabaseSync(file);
  assert.equal(db.prepare("PRAGMA integrity_check").get()?.["integrity_check"], "ok", where);
}
