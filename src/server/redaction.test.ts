import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPattern } from "../text/redaction/index.ts";
import { redactorsOf } from "../runs/index.ts";
import { redactedLine } from "./redaction.ts";

// verifies("logs.redacted")

const KEY = 'k3y "quoted" value';
const phone = readPattern("phone");
const redactors = redactorsOf([{ name: "CRM", value: KEY }], phone.type === "read" ? [phone.pattern] : [], ["logs"]);
const line = (fields: object): string =>
  `${JSON.stringify({ level: "info", time: "2026-11-21T10:00:00.000Z", ...fields })}\n`;

test("a line of the log is hidden in, and stays JSON with its level and time", () => {
  const shown = redactedLine(
    line({ error: { message: `no ${KEY}` }, count: 3, msg: "call 030-555 or 555-123-4567" }),
    redactors,
  );
  expect(shown).toBe(
    line({ error: { message: "no [redacted:CRM]" }, count: 3, msg: "call 030-555 or [redacted:phone]" }),
  );
});

test("a line with nothing to hide is written as it is", () => {
  const plain = line({ msg: "server listens" });
  expect(redactedLine(plain, redactors)).toBe(plain);
});

test("where patterns are not for logs, secrets still are", () => {
  const prompts = redactorsOf([{ name: "CRM", value: KEY }], phone.type === "read" ? [phone.pattern] : [], ["prompts"]);
  expect(redactedLine(line({ msg: `${KEY} 555-123-4567` }), prompts)).toContain("[redacted:CRM] 555-123-4567");
});

const LOG = JSON.stringify(join(import.meta.dirname, "../kernel/log.ts"));

/** Output of a process that has `log`, `redactLog` and `setLogLevel`. */
const saidBy = (script: string): string =>
  execFileSync(
    "sh",
    [
      "-c",
      'exec "$0" --input-type=module -e "$1" 2>&1',
      process.execPath,
      `const { log, redactLog, setLogLevel } = await import(${LOG}); setLogLevel("info"); ${script}`,
    ],
    { encoding: "utf8" },
  );

test("whatever the process logs goes through it", () => {
  const said = saidBy(`
    redactLog((line) => line.replaceAll("hunter22", "[redacted:PW]"));
    log.info({ at: "hunter22" }, "with hunter22");
    log.child({ who: "hunter22" }).warn("again");`);
  expect(said.match(/\[redacted:PW\]/g)).toHaveLength(3);
  expect(said).not.toContain("hunter22");
});

test("an error is logged with what it says and where it was thrown", () => {
  const said = saidBy('for (const key of ["err", "error"]) log.warn({ [key]: new TypeError("no text") }, "not read");');
  const lines: unknown[] = said
    .trim()
    .split("\n")
    .map((logged) => JSON.parse(logged));
  const serialized = { type: "TypeError", message: "no text", stack: expect.stringContaining("TypeError: no text\n") };
  expect(lines).toMatchObject([{ err: serialized }, { error: serialized }]);
});
