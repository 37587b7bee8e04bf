import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { DOCUMENTS, operations } from "../../src/api/contract/index.ts";
import { FIRST_SCHEMA, MIGRATIONS } from "../../src/storage/migrations/index.ts";
import { FAULTS } from "../../src/kernel/errors.ts";
import { RunEvent, RunState } from "../../src/runs/index.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("run.states", "cli.exit-codes", "storage.migrations");

// What is written here is on other people's disks and in their scripts. Red means: decide, and write down why.

test("the events of a run's journal are these; more may come, none may change or go", () => {
  expect(RunEvent.options.map(({ shape }) => shape.type.value)).toEqual([
    "run-queue",
    "run-start",
    "run-input",
    "model-start",
    "model-throttle",
    "context-summary",
    "model-end",
    "model-fail",
    "model-choice-wait",
    "model-choose",
    "output-reject",
    "tool-start",
    "tool-hold",
    "tool-begin",
    "tool-end",
    "run-ask",
    "run-answer",
    "run-wait",
    "run-decide",
    "approval-ask",
    "approval-answer",
    "reply-wait",
    "tool-rest",
    "reply-end",
    "run-suspend",
    "run-resume",
    "run-complete",
    "run-fail",
    "run-cancel",
  ]);
});

test("the states of a run are these", () => {
  expect(RunState.options).toEqual([
    "queued",
    "running",
    "awaiting-approval",
    "awaiting-choice",
    "awaiting-input",
    "awaiting-reply",
    "needs-decision",
    "completed",
    "failed",
    "cancelled",
  ]);
});

test("a migration that was released is never edited", () => {
  const hashes = MIGRATIONS.map((text) => createHash("sha256").update(text).digest("hex").slice(0, 12));
  expect([FIRST_SCHEMA, hashes]).toEqual([47, ["b8f6a5d64dda"]]);
});

test("each kind of failure keeps its status on the wire and its exit code", () => {
  expect(Object.fromEntries(Object.entries(FAULTS).map(([kind, row]) => [kind, `${row.http} ${row.exit}`]))).toEqual({
    invalid: "400 2",
    unauthenticated: "401 4",
    denied: "403 4",
    "not-found": "404 3",
    conflict: "409 5",
    "too-large": "413 2",
    rejected: "422 6",
    exhausted: "429 1",
    cancelled: "499 130",
    bug: "500 1",
    upstream: "502 1",
    unavailable: "503 7",
    timeout: "504 8",
    "storage-full": "507 7",
    unsupported: "415 2",
    "method-not-allowed": "405 2",
  });
});

test("the routes that clients know stay where they are", () => {
  expect(DOCUMENTS).toMatchObject({ health: "/health", ready: "/ready", openapi: "/openapi.json" });
  const { agent, run, tool, server } = operations;
  const paths = [agent.list, run.start, run.watch, tool.list, run.upload, server.watch].map(({ http }) => http.path);
  expect(paths).toEqual([
    "/api/v1/agents",
    "/api/v1/runs",
    "/api/v1/runs/:id/events",
    "/api/v1/tools",
    "/api/v1/uploads",
    "/api/v1/events",
  ]);
});
