import { Readable, Writable } from "node:stream";
import { expect, test } from "vitest";
import { Terminal } from "./terminal.ts";

function sink(isTTY: boolean) {
  const written: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk, _encoding, done) => {
      written.push(String(chunk));
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY, columns: 60 }), take: () => written.splice(0).join("") };
}

/** One screen for both streams, or two pipes. */
function terminal({ screen, quiet = false }: { readonly screen: boolean; readonly quiet?: boolean }) {
  const output = sink(screen);
  const error = screen ? output : sink(false);
  const streams = { input: Readable.from([]), output: output.stream, error: error.stream };
  return { terminal: new Terminal(streams, { colour: false, quiet }), output: output.take, error: error.take };
}

// terminal.T1
test("results go to standard output and notes to standard error", () => {
  const { terminal: tested, output, error } = terminal({ screen: false });
  tested.write("answer\n");
  tested.note("by the way");
  expect(output()).toBe("answer\n");
  expect(error()).toBe("by the way\n");
});

// terminal.T3
test("a note does not begin in the middle of a line of output on the same screen", () => {
  const { terminal: tested, output } = terminal({ screen: true });
  tested.write("half an answ");
  tested.note("a tool was called");
  tested.write("er\n");
  expect(output()).toBe("half an answ\na tool was called\ner\n");
});

test("quiet silences notes, not complaints", () => {
  const { terminal: tested, error } = terminal({ screen: false, quiet: true });
  tested.note("nothing to see");
  tested.complain("but this");
  expect(error()).toBe("but this\n");
});

// terminal.T2
test("the status line is gone before anything else is written", () => {
  const { terminal: tested, output } = terminal({ screen: true });
  tested.status("thinking");
  expect(output()).toContain("thinking");
  tested.write("answer\n");
  const written = output();
  expect(written.indexOf("\u001B[2K")).toBeLessThan(written.indexOf("answer"));
  tested.status(undefined);
  expect(output().endsWith("\u001B[2K")).toBe(true);
});

// terminal.T2
test("there is no status line in a pipe", () => {
  const { terminal: tested, error } = terminal({ screen: false });
  tested.status("thinking");
  expect(error()).toBe("");
});

// terminal.T4
test("output that is held back is printed at the release, in its order, and no status line before", () => {
  const { terminal: tested, output } = terminal({ screen: true });
  tested.status("thinking");
  tested.write("half a line");
  tested.hold();
  const before = output();
  expect(before).toContain("half a line\n");
  expect(before.endsWith("\u001B[2K")).toBe(true);
  tested.write("one");
  tested.complain("two");
  tested.endLine();
  tested.status("still thinking");
  expect(output()).toBe("");
  tested.release();
  tested.status(undefined);
  expect(output()).toMatch(/^one\ntwo\n/);
});

test("external text is escaped for a terminal and unchanged for a pipe", () => {
  const foreign = "\u001B[2Jgone\n";
  const screen = terminal({ screen: true });
  screen.terminal.writeForeign(foreign);
  expect(screen.output()).toBe("gone\n");
  const pipe = terminal({ screen: false });
  pipe.terminal.writeForeign(foreign);
  expect(pipe.output()).toBe(foreign);
});
