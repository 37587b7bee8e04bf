import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Broker, BrokeredFile, FileAccess, SandboxOptions } from "../../../src/tools/sandbox/index.ts";
import { fileSystem, hostile, Room } from "./room.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.grant-files", "tool.repeat-safe");

const GRANTS = {
  grants: {
    files: [
      { path: "data", access: "read" },
      { path: "out", access: "write" },
    ],
  },
  limits: { fuelPerCall: 5_000_000_000, deadlineMs: 30_000 },
} as const;

async function filled(wrap?: (broker: Broker) => Broker, options: SandboxOptions = {}): Promise<Room> {
  const room = new Room(options, wrap);
  mkdirSync(join(room.directory, "data"));
  writeFileSync(join(room.directory, "data", "a.txt"), "alpha");
  writeFileSync(join(room.directory, "secret.txt"), "secret");
  await room.deploy(fileSystem(), "f", GRANTS);
  return room;
}

test("files are read, written, added to, moved and deleted where that is granted", async () => {
  await using room = await filled();
  expect(await room.text("f.read_file", { path: "data/a.txt" })).toContain("alpha");
  expect((await room.call("f.write_file", { path: "out/b.txt", content: "one" })).type).toBe("done");
  expect((await room.call("f.append_file", { path: "out/b.txt", content: " two" })).type).toBe("done");
  expect(readFileSync(join(room.directory, "out", "b.txt"), "utf8")).toBe("one two");
  expect((await room.call("f.create_directory", { path: "out/sub" })).type).toBe("done");
  expect((await room.call("f.move_file", { from: "out/b.txt", to: "out/sub/c.txt" })).type).toBe("done");
  expect(await room.text("f.list_directory", { path: "out", recursive: true })).toContain("c.txt");
  expect((await room.call("f.delete_file", { path: "out/sub/c.txt" })).type).toBe("done");
  expect(readdirSync(join(room.directory, "out", "sub"))).toEqual([]);
});

test("nothing is written where only reading is granted, or nothing is", async () => {
  await using room = await filled();
  symlinkSync(room.directory, join(room.directory, "data", "up"));
  for (const path of ["data/b.txt", "b.txt", "data/up/b.txt", "out/../b.txt", join(room.directory, "b.txt")]) {
    expect((await room.call("f.write_file", { path, content: "x", mode: "overwrite" })).type, path).toBe("failed");
  }
  expect((await room.call("f.delete_file", { path: "data/a.txt" })).type).toBe("failed");
  expect((await room.call("f.move_file", { from: "secret.txt", to: "out/secret.txt" })).type).toBe("failed");
  expect(existsSync(join(room.directory, "b.txt"))).toBe(false);
  expect(existsSync(join(room.directory, "data", "a.txt"))).toBe(true);
});

test("a large file comes through whole", async () => {
  await using room = await filled();
  const content = "0123456789abcdef".repeat(200_000);
  writeFileSync(join(room.directory, "data", "large.txt"), content);
  for (const offset of [0, 65_530, 1_048_570, 3_199_900]) {
    const text = await room.text("f.read_file", { path: "data/large.txt", offset, limit: 100 });
    expect(text).toContain(content.slice(offset, offset + 100));
  }
});

/** A broker that kills the sandbox's processes when a guest first uses a file in the way given. */
function deadly(pids: () => readonly number[], when: "read" | "write") {
  const seen = { opens: 0, hasKilled: false };
  const kill = (): void => {
    if (seen.hasKilled) return;
    seen.hasKilled = true;
    for (const pid of pids()) process.kill(pid, "SIGKILL");
  };
  const wrap = ({ files, ...rest }: Broker): Broker => ({ ...rest, files: broken(files) });
  const broken = (broker: FileAccess): FileAccess => ({
    ...passing(broker),
    open: async (...asked) => {
      seen.opens += 1;
      const file = await broker.open(...asked);
      return "reason" in file ? file : deadlyFile(file, { [when]: kill });
    },
  });
  return { seen, wrap };
}

/** Hands everything on. */
const passing = (broker: FileAccess): FileAccess => ({
  open: (...asked) => broker.open(...asked),
  stat: (...asked) => broker.stat(...asked),
  list: (...asked) => broker.list(...asked),
  createDirectory: (...asked) => broker.createDirectory(...asked),
  rename: (...asked) => broker.rename(...asked),
  remove: (...asked) => broker.remove(...asked),
  setTimes: (...asked) => broker.setTimes(...asked),
  readLink: (...asked) => broker.readLink(...asked),
  makeLink: (...asked) => broker.makeLink(...asked),
  link: (...asked) => broker.link(...asked),
});

const deadlyFile = (
  file: BrokeredFile,
  kill: { readonly read?: () => void; readonly write?: () => void },
): BrokeredFile => ({
  info: file.info,
  read: (...asked) => {
    kill.read?.();
    return file.read(...asked);
  },
  write: async (...asked) => {
    const written = await file.write(...asked);
    kill.write?.();
    return written;
  },
  append: async (...asked) => {
    const written = await file.append(...asked);
    kill.write?.();
    return written;
  },
  stat: () => file.stat(),
  truncate: (bytes) => file.truncate(bytes),
  sync: () => file.sync(),
  setTimes: (times) => file.setTimes(times),
  close: () => file.close(),
});

test("a call that only reads is made again when its process ends with others in it", async () => {
  const holder: { room?: Room } = {};
  const { seen, wrap } = deadly(() => holder.room?.pids() ?? [], "read");
  await using room = await filled(wrap);
  holder.room = room;
  await room.call("f.list_directory", {});
  const texts = await Promise.all([
    room.text("f.read_file", { path: "data/a.txt" }),
    room.text("f.read_file", { path: "data/a.txt" }),
  ]);
  expect(seen.hasKilled).toBe(true);
  expect(texts.every((text) => text.includes("alpha"))).toBe(true);
});

test("a call that has changed something is not made again", async () => {
  const holder: { room?: Room } = {};
  const { seen, wrap } = deadly(() => holder.room?.pids() ?? [], "write");
  await using room = await filled(wrap);
  holder.room = room;
  await room.call("f.list_directory", {});
  const [written, listed] = await Promise.all([
    room.call("f.append_file", { path: "out/log.txt", content: "once" }),
    room.call("f.list_directory", { path: "data" }),
  ]);
  expect(seen.hasKilled).toBe(true);
  expect(written).toMatchObject({ type: "failed", reason: "crashed" });
  expect(listed.type).toBe("done");
  expect(readFileSync(join(room.directory, "out", "log.txt"), "utf8")).toBe("once");
});

// sandbox.rebalance.R3, sandbox.child-supervisor.S4
test("a call that has asked for a file stays where it is while another guest computes; one that has not is made elsewhere", async () => {
  const asked = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const slow = ({ files, ...rest }: Broker): Broker => {
    const stat: FileAccess["stat"] = async (...given) => {
      asked.resolve();
      await released.promise;
      return files.stat(...given);
    };
    return { ...rest, files: { ...passing(files), stat } };
  };
  await using room = await filled(slow, { standby: true });
  await room.deploy(hostile(), "hog", { limits: { fuelPerCall: 1_000_000_000_000, deadlineMs: 60_000 } });
  await room.call("hog.echo", { text: "warm" }, { session: "hog" });
  const reading = room.text("f.file_info", { path: "data/a.txt" });
  await asked.promise;
  const calls = (): readonly number[] => room.sandbox.stats().processes.map((each) => each.calls);
  const [here = 0, ...elsewhere] = calls();
  const cancel = new AbortController();
  const hogging = room.call("hog.slow_fuel", { n: 1_000_000_000_000 }, { session: "hog", signal: cancel.signal });
  expect(await room.text("hog.echo", { text: "elsewhere" })).toBe("elsewhere");
  expect(calls().slice(0, 1 + elsewhere.length)).toEqual([here + 1, ...elsewhere]);
  cancel.abort();
  released.resolve();
  expect(await hogging).toMatchObject({ reason: "cancelled" });
  expect(await reading).toContain("a.txt");
});
