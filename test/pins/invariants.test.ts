import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const sourceOf = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const sources = globSync(["src/**/*.ts", "dashboard/src/**/*.{ts,tsx}"], { cwd: ROOT }).filter(
  (file) => !file.endsWith(".test.ts"),
);

/** An invariant in a comment: its id, a full stop and the sentence. */
const DECLARED = /^\s*(?:\/\*\*|\*|\/\/) (?<id>(?:[a-z][a-z0-9-]*\.)+[A-Z]{1,2}[0-9]+)\. /gm;
/** The same without the prefix that makes the id unique. */
const BARE = /^\s*(?:\/\*\*|\*|\/\/) [A-Z]{1,2}[0-9]+\. (?!\*\/).*$/gm;

/** Invariants that no test verifies. An entry is deleted when a test cites its invariant; add none. */
const UNVERIFIED: readonly string[] = [
  "directory.participants.D1",
  "guest.component-functions.F3",
  "http.message-socket.W2",
  "journal.carrying.L3",
  "journal.message-journal.M2",
  "journal.writer.W4",
  "mailboxes.recipients.P1",
  "meter.callees.C3",
  "remote.bounded-fetch.B3",
  "remote.call.A2",
  "remote.mcp-connection.L1",
  "remote.mcp-connection.L3",
  "sandbox.B1",
  "sandbox.B3",
  "sandbox.rebalance.R4",
  "sandbox.child-supervisor.S1",
  "sandbox.child-supervisor.S2",
  "sqlite.checkpointer.K2",
  "storage.contents.C2",
  "storage.database.D2",
  "subscriptions.S1",
  "tasks.K2",
  "tasks.auction.A1",
  "tasks.sender.S1",
  "workers.worker-rpc-server.D2",
  "workers.run-record-replica.M1",
  "workers.worker-pool.W1",
  "transfer.checkpoints.K1",
  "transfer.retention.R1",
  "wire.frames.F2",
];

const declared = sources.flatMap((file) =>
  [...sourceOf(file).matchAll(DECLARED)].map(({ groups }) => groups?.["id"] ?? ""),
);

test("each invariant is declared once, under an id with a prefix", () => {
  expect(declared.length).toBeGreaterThan(250);
  expect(declared.filter((id, index) => declared.indexOf(id) !== index)).toEqual([]);
  const bare = sources.flatMap((file) => [...sourceOf(file).matchAll(BARE)].map(([line]) => `${file}: ${line.trim()}`));
  expect(bare).toEqual([]);
});

test("each invariant is cited by a test, or is listed as unverified", () => {
  const tests = globSync(["test/**/*.ts", "src/**/*.test.ts"], { cwd: ROOT }).filter((file) => !file.includes("pins"));
  const cited = new Set(
    tests.flatMap((file) => sourceOf(file).match(/(?:[a-z][a-z0-9-]*\.)+[A-Z]{1,2}[0-9]+\b/g) ?? []),
  );
  expect(declared.filter((id) => !cited.has(id) && !UNVERIFIED.includes(id))).toEqual([]);
  expect(UNVERIFIED.filter((id) => cited.has(id) || !declared.includes(id))).toEqual([]);
});

test("a test that cites an invariant cites one that exists", () => {
  const cited = globSync(["test/**/*.ts", "src/**/*.test.ts"], { cwd: ROOT }).flatMap((file) =>
    [...sourceOf(file).matchAll(/^\s*\/\/ (?<ids>(?:[a-z.-]+\.[A-Z]{1,2}[0-9]+(?:, )?)+)$/gm)].flatMap(
      ({ groups }) => groups?.["ids"]?.split(", ") ?? [],
    ),
  );
  expect(cited.length).toBeGreaterThan(250);
  expect(cited.filter((id) => !declared.includes(id))).toEqual([]);
});
