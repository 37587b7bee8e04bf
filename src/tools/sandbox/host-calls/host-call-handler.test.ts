import { expect, test } from "vitest";
import { mint, ToolCallId } from "../../../kernel/ids.ts";
import { NO_GRANTS } from "../../catalogue/index.ts";
import { type Broker, type BrokeredFile, type FileAccess, hostRefused, refused } from "./broker.ts";
import { HostCallHandler } from "./host-call-handler.ts";
import {
  decodeAppended,
  decodeInfo,
  decodeIoReply,
  decodeOpened,
  type IoReply,
  type IoRequest,
} from "../wire/index.ts";

const none = () => Promise.resolve(hostRefused("unavailable", "none"));

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
const done = () => Promise.resolve(undefined);
const READ = { access: "read" as const, create: false, exclusive: false, truncate: false, follow: true };

const FILE: BrokeredFile = {
  info: INFO,
  stat: () => Promise.resolve({ ...INFO, bytes: 9 }),
  read: (offset, length) => Promise.resolve(Buffer.from("abc").subarray(offset, offset + length)),
  write: (_offset, bytes) => Promise.resolve(bytes.length),
  append: (bytes) => Promise.resolve({ count: bytes.length, end: 3 + bytes.length }),
  truncate: done,
  sync: done,
  setTimes: done,
  close: done,
};

function handler(changes: Partial<FileAccess> = {}) {
  const open = new Set<number>();
  let next = 0;
  const file = (): BrokeredFile => {
    const id = next++;
    open.add(id);
    return {
      ...FILE,
      close: async () => {
        open.delete(id);
      },
    };
  };
  const files: FileAccess = {
    open: () => Promise.resolve(file()),
    stat: () => Promise.resolve(INFO),
    list: () => Promise.resolve({ inode: 1n, entries: [{ name: "a", kind: "file", inode: 2n }] }),
    createDirectory: done,
    rename: done,
    remove: done,
    setTimes: done,
    readLink: () => Promise.resolve("target"),
    makeLink: done,
    link: done,
    ...changes,
  };
  const broker: Broker = {
    files,
    http: { fetch: none },
    messages: { send: none },
    memory: { search: none },
    state: { get: none, set: none, delete: none, list: none },
    environment: () => [],
    confidential: () => [],
  };
  const context = { session: "s", workspace: "default", agent: undefined, files: [] };
  const made = new HostCallHandler(broker, { server: "t", grants: NO_GRANTS, call: mint(ToolCallId), context });
  const ask = async (request: IoRequest): Promise<IoReply> => decodeIoReply(Buffer.concat(await made.serve(request)));
  return { made, ask, open };
}

test("a file is opened, read and closed by its handle", async () => {
  const { ask, open } = handler();
  const opened = await ask({ op: "open", path: "a", flags: READ });
  expect(opened.type).toBe("granted");
  const { handle, info } = decodeOpened("body" in opened ? opened.body : Buffer.alloc(0));
  expect(info).toEqual(INFO);
  const read = await ask({ op: "read", handle, offset: 1, length: 10 });
  expect(read).toEqual({ type: "granted", body: Buffer.from("bc") });
  expect(await ask({ op: "close", handle })).toMatchObject({ type: "granted" });
  expect(open.size).toBe(0);
  expect(await ask({ op: "read", handle, offset: 0, length: 1 })).toEqual({ type: "refused", reason: "invalid" });
});

test("a handle of one call is no handle of another, though each has opened one file", async () => {
  const [first, second] = [handler(), handler()];
  const opened = await first.ask({ op: "open", path: "a", flags: READ });
  await first.made.end();
  expect(await second.ask({ op: "open", path: "b", flags: READ })).toMatchObject({ type: "granted" });
  const { handle } = decodeOpened("body" in opened ? opened.body : Buffer.alloc(0));
  for (const { ask } of [first, second]) {
    expect(await ask({ op: "read", handle, offset: 0, length: 1 })).toEqual({ type: "refused", reason: "invalid" });
    expect(await ask({ op: "close", handle })).toEqual({ type: "refused", reason: "invalid" });
  }
  expect(second.open.size).toBe(1);
});

test("a call holds at most 32 files, and all are closed at its end", async () => {
  const { made, ask, open } = handler();
  const outcomes: string[] = [];
  for (let count = 0; count < 40; count += 1) {
    const reply = await ask({ op: "open", path: "a", flags: READ });
    outcomes.push(reply.type === "refused" ? reply.reason : "granted");
  }
  expect(outcomes.filter((outcome) => outcome === "granted")).toHaveLength(32);
  expect(outcomes.at(-1)).toBe("too-many-open");
  await made.end();
  expect(open.size).toBe(0);
});

test("a file that is opened when the call is already over is closed again", async () => {
  const gate = Promise.withResolvers<void>();
  let closed = 0;
  const { made, ask } = handler({
    open: async () => {
      await gate.promise;
      return {
        ...FILE,
        close: async () => {
          closed += 1;
        },
      };
    },
  });
  const opening = ask({ op: "open", path: "a", flags: READ });
  await made.end();
  gate.resolve();
  expect(await opening).toEqual({ type: "refused", reason: "io" });
  expect(closed).toBe(1);
});

test("reading leaves a call free of effects, each kind of change does not", async () => {
  const change: readonly IoRequest[] = [
    { op: "open", path: "a", flags: { ...READ, access: "write" } },
    { op: "make-directory", path: "a" },
    { op: "rename", from: "a", to: "b" },
    { op: "remove", path: "a", kind: "file" },
    { op: "set-times", path: "a", follow: true, times: { accessed: "keep", modified: 5n } },
    { op: "make-link", path: "a", target: "b" },
    { op: "link", from: "a", to: "b" },
  ];
  const reading = handler();
  await reading.ask({ op: "open", path: "a", flags: READ });
  await reading.ask({ op: "stat", path: "a", follow: true });
  await reading.ask({ op: "list", path: "." });
  await reading.ask({ op: "read-link", path: "a" });
  expect(reading.made.hasEffects).toBe(false);
  for (const request of change) {
    const one = handler();
    await one.ask(request);
    expect(one.made.hasEffects, request.op).toBe(true);
  }
});

test("a change that was refused has no effect, and a denial is counted", async () => {
  const { made, ask } = handler({
    open: () => Promise.resolve(refused("denied")),
    remove: () => Promise.resolve(refused("denied")),
  });
  await ask({ op: "open", path: "a", flags: { ...READ, access: "write" } });
  await ask({ op: "remove", path: "a", kind: "file" });
  expect([made.hasEffects, made.denials]).toEqual([false, 2]);
});

test("a broker that throws is an input/output error to the guest", async () => {
  const { ask } = handler({ stat: () => Promise.reject(new Error("disk on fire")) });
  expect(await ask({ op: "stat", path: "a", follow: true })).toEqual({ type: "refused", reason: "io" });
});

test("an open file is asked, added to, put on disk and dated by its handle", async () => {
  const { made, ask } = handler();
  const opened = await ask({ op: "open", path: "a", flags: READ });
  const { handle } = decodeOpened("body" in opened ? opened.body : Buffer.alloc(0));
  const stat = await ask({ op: "file-stat", handle });
  expect("body" in stat && decodeInfo(stat.body).bytes).toBe(9);
  const appended = await ask({ op: "append", handle, bytes: Buffer.from("de") });
  expect("body" in appended && decodeAppended(appended.body)).toEqual({ count: 2, end: 5 });
  expect(await ask({ op: "sync", handle })).toMatchObject({ type: "granted" });
  expect(made.hasEffects).toBe(false);
  const times = { accessed: "now", modified: 1n } as const;
  expect(await ask({ op: "set-file-times", handle, times })).toMatchObject({ type: "granted" });
  expect(made.hasEffects).toBe(true);
  for (const request of [
    { op: "file-stat", handle: 0 },
    { op: "append", handle: 0, bytes: Buffer.from("x") },
    { op: "sync", handle: 0 },
    { op: "set-file-times", handle: 0, times },
  ] as const) {
    expect(await ask(request), request.op).toEqual({ type: "refused", reason: "invalid" });
  }
});

test("what a link says is answered as it is", async () => {
  const { ask } = handler();
  expect(await ask({ op: "read-link", path: "a" })).toEqual({ type: "granted", body: Buffer.from("target") });
});
