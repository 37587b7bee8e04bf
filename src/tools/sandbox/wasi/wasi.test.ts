import * as fc from "fast-check";
import { expect, test } from "vitest";
import { encodeInfo, encodeListing, encodeNumber, GRANTED_BYTES, type IoReply, type IoRequest } from "../wire/index.ts";
import { ERRNO } from "./errno.ts";
import { WASI_MODULE, wasiImports } from "./imports.ts";
import { Stdio } from "./stdio.ts";
import { FROZEN_REAL_MS, type SystemSettings } from "./system.ts";
import { Wasi } from "./wasi.ts";

// verifies("tool.deny-by-default")

const PAGE_BYTES = 65_536;
const SETTINGS: SystemSettings = { arguments: ["tool"], environment: [["LANG", "C"]], clock: false, random: false };

class Exit extends Error {}

/** A host without a guest: its gate settles at once, its files answer by the function given. */
function host(
  answer: (request: IoRequest) => IoReply = () => ({ type: "refused", reason: "denied" }),
  settings: SystemSettings = SETTINGS,
) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const lines: string[] = [];
  const seen = { fuel: 0, waits: 0, requests: [] as IoRequest[] };
  const stdio = new Stdio(
    {
      onLine: (bytes, start, end) => lines.push(bytes.toString("utf8", start, end)),
      onLineTooLong: () => {},
      onError: () => {},
      onWaiting: () => {
        seen.waits += 1;
        stdio.push(Buffer.from("woken"));
        return false;
      },
    },
    10_000,
  );
  const wasi = new Wasi(
    {
      gate: {
        suspend: async (begin, finish) => finish(await new Promise((resolve) => void begin(resolve))),
        charge: (fuel) => {
          seen.fuel += fuel;
        },
      },
      exit: (code) => {
        throw new Exit(String(code));
      },
      files: (request, settle) => {
        seen.requests.push(request);
        settle(answer(request));
      },
      stdio,
    },
    settings,
  );
  wasi.memory.bind(memory);
  wasi.memory.enter();
  return { wasi, memory, lines, seen, stdio, bytes: () => Buffer.from(memory.buffer) };
}

const FUNCTIONS = [
  "args_get args_sizes_get environ_get environ_sizes_get clock_res_get clock_time_get random_get fd_seek fd_tell fd_close",
  "fd_fdstat_get fd_fdstat_set_flags fd_fdstat_set_rights fd_prestat_get fd_prestat_dir_name fd_renumber fd_advise fd_sync",
  "fd_datasync sched_yield proc_exit sock_accept sock_recv sock_send sock_shutdown fd_read fd_pread fd_write fd_pwrite",
  "fd_filestat_get fd_filestat_set_size fd_readdir path_open path_filestat_get path_create_directory path_unlink_file",
  "path_remove_directory path_rename poll_oneoff path_symlink path_link path_readlink path_filestat_set_times fd_allocate",
  "fd_filestat_set_times",
]
  .join(" ")
  .split(" ");

/** The WASI call itself, without V8's wrapping. */
function direct(wasi: Wasi, name: string): (...values: readonly unknown[]) => unknown {
  const bodies: unknown[] = [];
  const { Suspending } = WebAssembly;
  Reflect.set(WebAssembly, "Suspending", function keep(body: unknown) {
    bodies.push(body);
  });
  try {
    const made = wasiImports(wasi, [name])[name];
    const body = bodies[0] ?? made;
    if (typeof body !== "function") throw new Error(`${name} is no function`);
    return (...values) => Reflect.apply(body, undefined, values);
  } finally {
    Reflect.set(WebAssembly, "Suspending", Suspending);
  }
}

/** Parameters that are 64 bits wide, by function. */
const WIDE: Readonly<Record<string, readonly number[]>> = {
  clock_time_get: [1],
  fd_seek: [1],
  fd_pread: [3],
  fd_pwrite: [3],
  fd_filestat_set_size: [1],
  fd_readdir: [3],
  path_open: [5, 6],
  fd_fdstat_set_rights: [1, 2],
  fd_advise: [1, 2],
  fd_allocate: [1, 2],
  fd_filestat_set_times: [1, 2],
  path_filestat_set_times: [4, 5],
};

const INFO = {
  kind: "file" as const,
  bytes: 3,
  device: 1n,
  inode: 2n,
  links: 1n,
  accessedNs: 0n,
  modifiedNs: 0n,
  changedNs: 0n,
};

test("no arguments of a guest make the host throw or touch anything but the guest's memory", async () => {
  const word = fc.oneof(fc.integer(), fc.nat(70_000), fc.constantFrom(0, 1, 3, 4, 5, -1, 65_535, 65_536, -65_536));
  const call = fc.tuple(
    fc.constantFrom(...FUNCTIONS.filter((name) => name !== "proc_exit")),
    fc.array(word, { minLength: 9, maxLength: 9 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 12 }), fc.uint8Array({ maxLength: 200 }), async (calls, start) => {
      const { wasi, bytes } = host((request) =>
        request.op === "open"
          ? {
              type: "granted",
              body: Buffer.concat([encodeNumber(1), encodeInfo(INFO)]),
            }
          : { type: "refused", reason: "not-found" },
      );
      bytes().set(start);
      for (const [name, words] of calls) {
        const values = words.map((value, index) => (WIDE[name]?.includes(index) === true ? BigInt(value) : value));
        const errno = await direct(wasi, name)(...values);
        expect(errno, name).toBeGreaterThanOrEqual(0);
        expect(errno, name).toBeLessThanOrEqual(76);
      }
    }),
    { numRuns: 300 },
  );
});

test("each call takes fuel, and more of it the more is copied", () => {
  const { wasi, seen } = host();
  direct(wasi, "sched_yield")();
  const base = seen.fuel;
  direct(wasi, "random_get")(0, 10_000);
  expect(base).toBe(100);
  expect(seen.fuel - base).toBe(100 + 5_000);
});

test("a call that this host does not know says so, and no descriptor is a socket", () => {
  const { wasi } = host();
  expect(direct(wasi, "thread_spawn")(0)).toBe(ERRNO.noSystemCall);
  for (const name of ["sock_accept", "sock_recv", "sock_send", "sock_shutdown"]) {
    expect(direct(wasi, name)(1, 0, 0, 0, 0, 0), name).toBe(ERRNO.notSocket);
    expect(direct(wasi, name)(9, 0, 0, 0, 0, 0), name).toBe(ERRNO.badDescriptor);
  }
});

test("arguments and granted variables are given, and no others", () => {
  const { wasi, bytes } = host();
  expect(direct(wasi, "environ_sizes_get")(0, 4)).toBe(0);
  expect([bytes().readUInt32LE(0), bytes().readUInt32LE(4)]).toEqual([1, 7]);
  expect(direct(wasi, "environ_get")(8, 100)).toBe(0);
  expect(bytes().readUInt32LE(8)).toBe(100);
  expect(bytes().toString("latin1", 100, 107)).toBe("LANG=C\0");
  expect(direct(wasi, "args_get")(PAGE_BYTES - 2, 0)).toBe(ERRNO.fault);
});

test("without the clock grant time stands still, with it it is real to the millisecond", () => {
  const frozen = host();
  const real = host(undefined, { ...SETTINGS, clock: true });
  direct(frozen.wasi, "clock_time_get")(0, 0n, 8);
  expect(frozen.bytes().readBigUInt64LE(8)).toBe(BigInt(FROZEN_REAL_MS) * 1_000_000n);
  const before = Date.now();
  direct(real.wasi, "clock_time_get")(0, 0n, 8);
  const nanoseconds = real.bytes().readBigUInt64LE(8);
  expect(nanoseconds % 1_000_000n).toBe(0n);
  expect(Number(nanoseconds / 1_000_000n)).toBeGreaterThanOrEqual(before);
  expect(direct(real.wasi, "clock_time_get")(9, 0n, 8)).toBe(ERRNO.invalid);
});

function draw(settings: SystemSettings): string {
  const { wasi, bytes } = host(undefined, settings);
  if (direct(wasi, "random_get")(0, 33) !== 0) throw new Error("no random bytes");
  return bytes().toString("hex", 0, 33);
}

test("without the random grant each instance sees the same stream, with it none does", () => {
  expect(draw(SETTINGS)).toBe(draw(SETTINGS));
  expect(draw({ ...SETTINGS, random: true })).not.toBe(draw({ ...SETTINGS, random: true }));
  expect(draw(SETTINGS)).toMatch(/^(?!(..)\1{8})/);
});

test("the directories are preopened as / and ., the one for relative paths last", () => {
  const { wasi, bytes } = host();
  for (const [number, name] of [
    [3, "/"],
    [4, "."],
  ] as const) {
    expect(direct(wasi, "fd_prestat_get")(number, 0)).toBe(0);
    expect(bytes().readUInt32LE(4)).toBe(1);
    expect(direct(wasi, "fd_prestat_dir_name")(number, 16, 1)).toBe(0);
    expect(bytes().toString("latin1", 16, 17)).toBe(name);
  }
  expect(direct(wasi, "fd_prestat_get")(5, 0)).toBe(ERRNO.badDescriptor);
});

test("input that is there is read at once, input that is not is waited for", async () => {
  const { wasi, stdio, seen, bytes } = host();
  stdio.push(Buffer.from("abc"));
  bytes().writeUInt32LE(100, 0);
  bytes().writeUInt32LE(10, 4);
  expect(direct(wasi, "fd_read")(0, 0, 1, 8)).toBe(0);
  expect([bytes().readUInt32LE(8), bytes().toString("latin1", 100, 103), seen.waits]).toEqual([3, "abc", 0]);
  expect(await direct(wasi, "fd_read")(0, 0, 1, 8)).toBe(0);
  expect([bytes().toString("latin1", 100, 105), seen.waits]).toEqual(["woken", 1]);
});

function openFile(made: ReturnType<typeof host>, flags: { readonly rights?: bigint; readonly append?: boolean } = {}) {
  const path = Buffer.from("data/a.txt");
  made.bytes().set(path, 1_000);
  return direct(made.wasi, "path_open")(
    4,
    0,
    1_000,
    path.length,
    0,
    flags.rights ?? (flags.append === true ? 0x42n : 0x6n),
    0n,
    flags.append === true ? 1 : 0,
    1_100,
  );
}

/** A broker over one file in memory. */
function oneFile(content: string) {
  let bytes = Buffer.from(content);
  const answer = (request: IoRequest): IoReply => {
    switch (request.op) {
      case "request":
        return { type: "refused", reason: "denied" };
      case "open":
        return {
          type: "granted",
          body: Buffer.concat([encodeNumber(7), encodeInfo({ ...INFO, bytes: bytes.length })]),
        };
      case "read":
        return { type: "granted", body: bytes.subarray(request.offset, request.offset + request.length) };
      case "write": {
        const end = request.offset + request.bytes.length;
        const grown = Buffer.alloc(Math.max(bytes.length, end));
        bytes.copy(grown);
        request.bytes.copy(grown, request.offset);
        bytes = grown;
        return { type: "granted", body: encodeNumber(request.bytes.length) };
      }
      case "truncate":
        bytes = Buffer.concat([bytes, Buffer.alloc(request.bytes)]).subarray(0, request.bytes);
        return { type: "granted", body: Buffer.alloc(0) };
      case "append": {
        bytes = Buffer.concat([bytes, request.bytes]);
        return { type: "granted", body: Buffer.concat([request.bytes.length, bytes.length].map(encodeNumber)) };
      }
      case "file-stat":
        return { type: "granted", body: encodeInfo({ ...INFO, bytes: bytes.length }) };
      case "list": {
        const entries = [
          { name: "a.txt", kind: "file" as const, inode: 5n },
          { name: "sub", kind: "directory" as const, inode: 6n },
        ];
        return { type: "granted", body: encodeListing({ inode: 4n, entries }) };
      }
      case "close":
      case "link":
      case "make-directory":
      case "make-link":
      case "read-link":
      case "remove":
      case "rename":
      case "set-file-times":
      case "set-times":
      case "stat":
      case "sync":
        return { type: "granted", body: GRANTED_BYTES };
    }
  };
  return { answer, content: () => bytes.toString() };
}

test("a file is opened by its path from the server's directory, read, sought in and closed", async () => {
  const made = host(oneFile("hello world").answer);
  expect(await openFile(made)).toBe(0);
  expect(made.seen.requests[0]).toMatchObject({ op: "open", path: "data/a.txt", flags: { access: "read" } });
  const fd = made.bytes().readUInt32LE(1_100);
  made.bytes().writeUInt32LE(200, 0);
  made.bytes().writeUInt32LE(5, 4);
  expect(await direct(made.wasi, "fd_read")(fd, 0, 1, 8)).toBe(0);
  expect(made.bytes().toString("latin1", 200, 205)).toBe("hello");
  expect(direct(made.wasi, "fd_seek")(fd, -5n, 2, 16)).toBe(0);
  expect(made.bytes().readBigUInt64LE(16)).toBe(6n);
  expect(await direct(made.wasi, "fd_read")(fd, 0, 1, 8)).toBe(0);
  expect(made.bytes().toString("latin1", 200, 205)).toBe("world");
  expect(direct(made.wasi, "fd_seek")(fd, -50n, 1, 16)).toBe(ERRNO.invalid);
  expect(direct(made.wasi, "fd_close")(fd)).toBe(0);
  expect(made.seen.requests.at(-1)).toEqual({ op: "close", handle: 7 });
  expect(direct(made.wasi, "fd_close")(fd)).toBe(ERRNO.badDescriptor);
});

test("writing moves the position, appending goes to the end, a file opened for reading is not written", async () => {
  const write = async (made: ReturnType<typeof host>, text: string) => {
    const fd = made.bytes().readUInt32LE(1_100);
    made.bytes().set(Buffer.from(text), 300);
    made.bytes().writeUInt32LE(300, 0);
    made.bytes().writeUInt32LE(text.length, 4);
    return direct(made.wasi, "fd_write")(fd, 0, 1, 8);
  };
  const file = oneFile("hello world");
  const made = host(file.answer);
  await openFile(made, { rights: 0x40n });
  expect([await write(made, "HE"), await write(made, "LLO")]).toEqual([0, 0]);
  expect(file.content()).toBe("HELLO world");
  await openFile(made, { rights: 0x40n, append: true });
  expect(await write(made, "!")).toBe(0);
  expect(file.content()).toBe("HELLO world!");
  await openFile(made);
  expect(await write(made, "x")).toBe(ERRNO.badDescriptor);
});

test("a path that is absolute within a directory, not UTF-8 or with a NUL never gets to the broker", async () => {
  const made = host();
  const stat = (path: Buffer) => {
    made.bytes().set(path, 500);
    return direct(made.wasi, "path_filestat_get")(4, 0, 500, path.length, 0);
  };
  expect(await stat(Buffer.from("/etc/passwd"))).toBe(ERRNO.notCapable);
  expect(await stat(Buffer.of(0xff, 0xfe))).toBe(ERRNO.badSequence);
  expect(await stat(Buffer.from("a\0b"))).toBe(ERRNO.badSequence);
  expect(made.seen.requests).toEqual([]);
  expect(await stat(Buffer.from(""))).toBe(ERRNO.noEntry);
  expect(made.seen.requests).toEqual([]);
  // The directory above may be granted, so the broker is asked, and keeps a record.
  expect(await stat(Buffer.from("../../x"))).toBe(ERRNO.notCapable);
  expect(made.seen.requests).toEqual([{ op: "stat", path: "../../x", follow: false }]);
});

test("a path from the root directory is absolute to the broker", async () => {
  const made = host();
  made.bytes().set(Buffer.from("etc/passwd"), 500);
  await direct(made.wasi, "path_filestat_get")(3, 0, 500, 10, 0);
  expect(made.seen.requests).toEqual([{ op: "stat", path: "/etc/passwd", follow: false }]);
});

test("directory entries are written whole or cut at the end of the room, and continued by cookie", async () => {
  const made = host(oneFile("").answer);
  const list = (room: number, cookie: bigint) => direct(made.wasi, "fd_readdir")(4, 2_000, room, cookie, 8);
  expect(await list(1_000, 0n)).toBe(0);
  expect(made.bytes().readUInt32LE(8)).toBe(4 * 24 + 1 + 2 + 5 + 3);
  expect(made.bytes().toString("latin1", 2_024, 2_025)).toBe(".");
  expect(made.bytes().readBigUInt64LE(2_008)).toBe(4n);
  expect(made.bytes().toString("latin1", 2_000 + 25 + 26 + 24, 2_000 + 25 + 26 + 29)).toBe("a.txt");
  expect(made.bytes().readBigUInt64LE(2_000 + 25 + 26 + 8)).toBe(5n);
  expect(await list(40, 3n)).toBe(0);
  expect(made.bytes().readUInt32LE(8)).toBe(27);
  expect(made.bytes().toString("latin1", 2_024, 2_027)).toBe("sub");
  expect(await list(10, 0n)).toBe(0);
  expect(made.bytes().readUInt32LE(8)).toBe(10);
  expect(await list(100, 99n)).toBe(0);
  expect(made.bytes().readUInt32LE(8)).toBe(0);
});

test("what a call opened is gone after it, the streams and directories stay", async () => {
  const made = host(oneFile("x").answer);
  await openFile(made);
  const fd = made.bytes().readUInt32LE(1_100);
  made.wasi.descriptors.endCall();
  expect(direct(made.wasi, "fd_tell")(fd, 0)).toBe(ERRNO.badDescriptor);
  for (const number of [0, 1, 2, 3, 4]) expect(direct(made.wasi, "fd_fdstat_get")(number, 0)).toBe(0);
});

test("a stream or directory that was closed is there again in the next call, one that was moved stays moved", async () => {
  const made = host(oneFile("x").answer);
  const ask = (name: string, ...values: readonly number[]) => direct(made.wasi, name)(...values);
  await openFile(made);
  const fd = made.bytes().readUInt32LE(1_100);
  expect(ask("fd_renumber", 0, fd)).toBe(0);
  expect(ask("fd_close", 3)).toBe(0);
  expect([ask("fd_fdstat_get", 0, 0), ask("fd_fdstat_get", 3, 0)]).toEqual([ERRNO.badDescriptor, ERRNO.badDescriptor]);
  made.wasi.descriptors.endCall();
  expect([ask("fd_fdstat_get", 0, 0), ask("fd_fdstat_get", 3, 0)]).toEqual([ERRNO.badDescriptor, 0]);
  expect(ask("fd_fdstat_get", fd, 0)).toBe(0);
  expect(made.bytes()[0]).toBe(2);
});

test("the file's data is asked for once and again only when the guest asks again", async () => {
  const made = host(oneFile("hello").answer);
  await openFile(made, { rights: 0x20_0002n });
  const fd = made.bytes().readUInt32LE(1_100);
  const asked = () => made.seen.requests.filter(({ op }) => op === "file-stat").length;
  expect(await direct(made.wasi, "fd_filestat_get")(fd, 0)).toBe(0);
  expect(asked()).toBe(0);
  expect(await direct(made.wasi, "fd_filestat_get")(fd, 0)).toBe(0);
  expect(asked()).toBe(1);
});

test("rights can be dropped and never come back", () => {
  const { wasi } = host();
  const set = (rights: bigint) => direct(wasi, "fd_fdstat_set_rights")(1, rights, 0n);
  expect(set(0x40n)).toBe(0);
  expect(set(0x42n)).toBe(ERRNO.notCapable);
  expect(direct(wasi, "fd_fdstat_set_flags")(1, 4)).toBe(ERRNO.notCapable);
  expect(set(0n)).toBe(0);
  expect(direct(wasi, "fd_write")(1, 0, 0, 0)).toBe(ERRNO.badDescriptor);
});

test("a signal ends the guest as a shell would say it, unless it is one that programs do not hear", () => {
  const { wasi } = host();
  expect(() => direct(wasi, "proc_raise")(6)).toThrow("134");
  expect(direct(wasi, "proc_raise")(16)).toBe(0);
  expect(direct(wasi, "proc_raise")(19)).toBe(ERRNO.notSupported);
  expect(direct(wasi, "proc_raise")(99)).toBe(ERRNO.invalid);
});

test("input that does not wait is refused for now when the stream does not block", () => {
  const { wasi, seen } = host();
  expect(direct(wasi, "fd_fdstat_set_flags")(0, 4)).toBe(0);
  wasi.memory.view.setUint32(4, 10, true);
  expect(direct(wasi, "fd_read")(0, 0, 1, 8)).toBe(ERRNO.again);
  expect(seen.waits).toBe(0);
});

test("descriptors have an end", async () => {
  const made = host(oneFile("x").answer);
  const outcomes = new Set<unknown>();
  for (let count = 0; count < 300; count += 1) outcomes.add(await openFile(made));
  expect([...outcomes]).toEqual([0, ERRNO.tooManyFiles]);
});

function subscribe(
  made: ReturnType<typeof host>,
  index: number,
  what: { readonly input: true } | { readonly ms: bigint },
) {
  const at = 3_000 + 48 * index;
  made.bytes().writeBigUInt64LE(BigInt(index + 1), at);
  if ("input" in what) {
    made.bytes().writeUInt8(1, at + 8);
    made.bytes().writeUInt32LE(0, at + 16);
  } else {
    made.bytes().writeUInt8(0, at + 8);
    made.bytes().writeBigUInt64LE(what.ms * 1_000_000n, at + 24);
  }
}

test("a guest that polls is woken by time or by input, whichever comes first", async () => {
  const slept = host();
  subscribe(slept, 0, { ms: 5n });
  expect(await direct(slept.wasi, "poll_oneoff")(3_000, 4_000, 1, 8)).toBe(0);
  expect([slept.bytes().readUInt32LE(8), slept.bytes().readBigUInt64LE(4_000), slept.bytes()[4_010]]).toEqual([
    1,
    1n,
    0,
  ]);
  const woken = host();
  subscribe(woken, 0, { ms: 60_000n });
  subscribe(woken, 1, { input: true });
  expect(await direct(woken.wasi, "poll_oneoff")(3_000, 4_000, 2, 8)).toBe(0);
  expect([woken.bytes().readUInt32LE(8), woken.bytes().readBigUInt64LE(4_000), woken.bytes()[4_010]]).toEqual([
    1,
    2n,
    1,
  ]);
});

test("a guest ends itself through the gate", () => {
  const { wasi } = host();
  expect(() => direct(wasi, "proc_exit")(3)).toThrow(Exit);
});

test("the module's name is that of WASI preview 1", () => {
  expect(WASI_MODULE).toBe("wasi_snapshot_preview1");
});
