import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { runCommandLine } from "./command-line.ts";

/** Exit code and standard error of a command line that asks no server. */
async function said(line: string): Promise<{ code: number; error: string }> {
  const streams = { input: Readable.from([]), output: new PassThrough(), error: new PassThrough() };
  streams.output.resume();
  const environment = { server: undefined, token: undefined, output: undefined, dataDirectory: "/nonexistent" };
  const [code, error] = await Promise.all([
    runCommandLine(line === "" ? [] : line.split(" "), { streams, environment }).finally(() => streams.error.end()),
    text(streams.error),
  ]);
  return { code, error };
}

test.each([
  ["--nope", "unknown option '--nope'"],
  ["-x", "unknown option '-x'"],
  ["--sever http://127.0.0.1:1", "Did you mean --server?"],
  ["--nope --help", "unknown option '--nope'"],
  ["help agnt", "unknown command 'agnt'. Did you mean agent?"],
  ["nonsense --help", "unknown command 'nonsense'"],
  ["agent lst --help", "unknown command 'lst'. Did you mean list?"],
  ["help agent lst", "Did you mean list?"],
  ["agent list --limt 3", "Did you mean --limit?"],
  ["serve --port abc", "'abc' is invalid. Expected a whole number from 0 to 65535"],
  ["serve --port 99999", "'99999' is invalid. Expected a whole number from 0 to 65535"],
  ["task create x --bids-within abc", '--bids-within <seconds>: "abc" is not valid: expected a number'],
])("%s is refused with 2 and says why", async (line, expected) => {
  const { code, error } = await said(line);
  expect(error).toContain(expected);
  expect(error).not.toContain("BUG");
  expect(code).toBe(2);
});

test.each(["--help", "-h", "help", "help agent list", "agent --help", "agent list -h", "-o json --help", "run --help"])(
  "%s shows help",
  async (line) => expect(await said(line)).toEqual({ code: 0, error: "" }),
);
