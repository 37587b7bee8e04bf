import { PassThrough, Readable } from "node:stream";
import { expect, test } from "vitest";
import { storageError } from "../../kernel/sqlite/errors.ts";
import { Terminal } from "../terminal/index.ts";
import { reportError } from "./report-error.ts";

test("with --debug an error that suppressed another is reported with both", () => {
  const error = new PassThrough();
  const streams = { input: Readable.from([]), output: new PassThrough(), error };
  const terminal = new Terminal(streams, { colour: false, quiet: false });
  const cleanup = new Error("the file cannot be removed");
  const first = new Error("the port is taken", { cause: new Error("the address is in use") });
  reportError(new SuppressedError(cleanup, first), terminal, { asJson: false, debug: true });
  const shown = String(error.read());
  for (const { message } of [cleanup, first, new Error("the address is in use")]) expect(shown).toContain(message);
});

test.each(["ENOSPC", "EROFS"])("the exit code is 7 for every fault of the storage: %s", (code) => {
  const streams = { input: Readable.from([]), output: new PassThrough(), error: new PassThrough() };
  const terminal = new Terminal(streams, { colour: false, quiet: false });
  const fault = storageError(Object.assign(new Error(code), { code }), "/data");
  expect(reportError(fault, terminal, { asJson: false, debug: false })).toBe(7);
});
