import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { assemble, hostile, Room } from "./room.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.deny-by-default", "tool.run-isolation");

/** How many calls the instance of a run has counted, this one included. */
const count = (room: Room, session: string): Promise<string> => room.text("h.echo_state", {}, { session });

// guest.loaded-server.L1
test("what a tool remembers of one run, another run does not see", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "h");
  expect([await count(room, "alice"), await count(room, "alice"), await count(room, "alice")]).toEqual(["1", "2", "3"]);
  expect(await count(room, "bob")).toBe("1");
  expect(await count(room, "alice")).toBe("4");
});

test("a run that was ended and begins again starts with fresh state", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "h");
  await count(room, "alice");
  room.sandbox.endSession("alice");
  expect(await count(room, "alice")).toBe("1");
});

// guest.loaded-server.L1
test("a server that all runs share remembers for all, whichever of them ends", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "h", { instance: "server" });
  expect(await count(room, "alice")).toBe("1");
  room.sandbox.endSession("alice");
  expect(await count(room, "bob")).toBe("2");
});

test("a run whose instance was ended for a broken limit gets a fresh one", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "h");
  await count(room, "alice");
  await room.call("h.trap", {}, { session: "alice" });
  expect(await count(room, "alice")).toBe("1");
});

test("runs continue in parallel while one of them waits", async () => {
  await using room = new Room();
  await room.deploy(await assemble("probe.wat"), "p", { limits: { deadlineMs: 5_000 } });
  const cancel = new AbortController();
  const sleeping = room.call("p.sleep", {}, { session: "one", signal: cancel.signal });
  expect(await room.text("p.answer", {}, { session: "two" })).toBe("ok");
  cancel.abort();
  expect(await sleeping).toMatchObject({ reason: "cancelled" });
});

// guest.loaded-server.L2
test("calls of one run are made one after another, in their order", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "h");
  const texts = await Promise.all(Array.from({ length: 16 }, () => count(room, "one")));
  expect(texts).toEqual(Array.from({ length: 16 }, (_, index) => String(index + 1)));
});

// guest.loaded-server.L3
test("more runs than there may be instances take turns", async () => {
  await using room = new Room({ instancesPerServerMax: 4 });
  await room.deploy(hostile(), "h");
  const texts = await Promise.all(Array.from({ length: 40 }, (_, index) => room.text("h.echo", { text: `t${index}` })));
  expect(texts).toEqual(Array.from({ length: 40 }, (_, index) => `t${index}`));
});

test("a file attached to a run is seen by that run only", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "h");
  const location = join(room.directory, "stored");
  writeFileSync(location, "confidential");
  const files = [{ name: "a.txt", mediaType: "text/plain", bytes: 12, location }];
  expect(await room.text("h.escape", { path: "uploads/a.txt" }, { session: "one", files })).toContain("confidential");
  expect(await room.text("h.escape", { path: "uploads/a.txt" }, { session: "two" })).not.toContain("confidential");
  expect(room.records.map(({ session, outcome }) => [session, outcome])).toEqual([
    ["one", "allowed"],
    ["two", "not-found"],
  ]);
});

test.each(["/etc/passwd", "../../../../../../etc/passwd", "data/../../../etc/passwd", "link", "data/link/passwd"])(
  "a tool does not get at %s",
  async (path) => {
    await using room = new Room();
    await room.deploy(hostile(), "h", { grants: { files: [{ path: "data", access: "write" }] } });
    expect(await room.text("h.escape", { path })).not.toContain("root:");
    expect(room.records.every(({ outcome }) => outcome !== "allowed")).toBe(true);
  },
);

test("only granted variables are seen, and nothing of the server's own environment", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "bare");
  await room.deploy(hostile(), "granted", { grants: { environment: ["GREETING", "MISSING"] } });
  expect(await room.text("bare.environment")).not.toMatch(/HOME|PATH|GREETING|SECRET/);
  const seen = await room.text("granted.environment");
  expect(seen).toContain("hello");
  expect(seen).not.toMatch(/HOME|PATH|hidden/);
});

test("the clock stands still and chance repeats itself unless they are granted", async () => {
  await using room = new Room();
  await room.deploy(hostile(), "bare");
  await room.deploy(hostile(), "granted", { grants: { clock: true, random: true } });
  expect(await room.text("bare.clock")).toBe(await room.text("bare.clock"));
  expect(await room.text("bare.random")).toBe(await room.text("bare.random"));
  expect(await room.text("granted.random")).not.toBe(await room.text("granted.random"));
  expect(await room.text("granted.clock")).not.toBe(await room.text("bare.clock"));
});

test("a call that opens files without end is refused more, and closes them all at its end", async () => {
  await using room = new Room();
  await room.deploy(await assemble("probe.wat"), "p", { grants: { files: [{ path: "data", access: "write" }] } });
  writeFileSync(join(room.directory, "data"), "");
  await room.call("p.keep");
  await using second = new Room();
  await second.deploy(await assemble("probe.wat"), "p", { grants: { files: [{ path: ".", access: "read" }] } });
  const before = process.getActiveResourcesInfo().length;
  expect(await second.text("p.keep")).toBe("ok");
  expect(process.getActiveResourcesInfo().length).toBeLessThan(before + 20);
});
