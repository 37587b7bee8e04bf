import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FAULTS, type FaultKind } from "../../src/kernel/errors.ts";
import { MESSAGE_REFUSALS } from "../../src/messaging/acl/index.ts";
import { MODEL_FAILURES } from "../../src/models/port/language-model.ts";
import { RUN_FAILURE_CODES } from "../../src/runs/record/errors.ts";
import { SENDER_REFUSALS } from "../../src/api/operations/messaging/presented-tokens.ts";
import { MESSAGE_FAILURES } from "../../src/messaging/router/index.ts";
import { TASK_FAILURES } from "../../src/messaging/tasks/index.ts";
import { TOOL_FAILURES } from "../../src/tools/catalogue/index.ts";
import { verifies } from "../helpers/verifies.ts";
import { REMOTE_FAILURES } from "../../src/remotes/index.ts";

verifies("api.error-codes");

const root = join(import.meta.dirname, "../..");

/** Every error class of the sources: its code and kind, as written. */
const classes = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .flatMap((file) => {
    const text = readFileSync(join(root, "src", file), "utf8");
    // From one class to the next, so that a type parameter with braces of its own ends nothing.
    return text.split(/^(?:export )?(?:abstract )?class /m).flatMap((body) => {
      const code = /\bcode = "([A-Z_]+)"/.exec(body)?.[1];
      const kind = /\bkind = "([a-z-]+)"/.exec(body)?.[1];
      return code === undefined || !/^\w+ extends /.test(body) ? [] : [{ file, code, kind }];
    });
  });

const page = readFileSync(join(root, "docs/errors.md"), "utf8");
const rows = page.split("\n").filter((line) => line.startsWith("| "));
const cells = (row: string) =>
  row
    .split("|")
    .map((cell) => cell.trim())
    .slice(1, -1);
const documented = new Map(rows.map((row) => [cells(row)[0] ?? "", cells(row)]));
const isKind = (kind: string | undefined): kind is FaultKind => kind !== undefined && kind in FAULTS;

test("the sources have error classes, each with a code and a kind that exists", () => {
  expect(classes.length).toBeGreaterThan(30);
  for (const { code, kind, file } of classes) expect(isKind(kind), `${code} in ${file}`).toBe(true);
});

test("every code is in docs/errors.md, with the status and the exit code of its kind", () => {
  for (const { code, kind } of classes) {
    const row = documented.get(code);
    expect(row, code).toBeDefined();
    if (!isKind(kind)) continue;
    expect([code, row?.[1], row?.[2]]).toEqual([code, String(FAULTS[kind].http), String(FAULTS[kind].exit)]);
  }
});

test("every code a failed run can carry and every outcome of a call is in docs/errors.md", () => {
  for (const code of [...Object.values(RUN_FAILURE_CODES), ...TOOL_FAILURES, ...MESSAGE_REFUSALS])
    expect(documented.has(code), code).toBe(true);
  expect(MODEL_FAILURES.length).toBe(13);
});

test("every code that a message can be refused or answered with is in docs/errors.md, with its status", () => {
  for (const [code, kind] of Object.entries({ ...MESSAGE_FAILURES, ...SENDER_REFUSALS, ...REMOTE_FAILURES })) {
    expect([code, documented.get(code)?.[1], documented.get(code)?.[2]]).toEqual([
      code,
      String(FAULTS[kind].http),
      String(FAULTS[kind].exit),
    ]);
  }
});

test("docs/errors.md lists no code that the sources lack", () => {
  const known = new Set([
    "BUG",
    "done",
    ...classes.map(({ code }) => code),
    ...Object.values(RUN_FAILURE_CODES),
    ...Object.keys(MESSAGE_FAILURES),
    ...Object.keys(SENDER_REFUSALS),
    ...Object.keys(REMOTE_FAILURES),
    ...TASK_FAILURES,
    ...TOOL_FAILURES,
    ...MESSAGE_REFUSALS,
  ]);
  const listed = [...documented.keys()].filter(
    (code) => /^[A-Z_]{3,}$|^[a-z-]+$/.test(code) && !["code", "outcome"].includes(code),
  );
  expect(listed.filter((code) => !known.has(code) && !code.startsWith("---"))).toEqual([]);
});
