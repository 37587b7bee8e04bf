import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { CompileFailedError, CompilerMissingError } from "./errors.ts";
import { runProgram } from "./run-program.ts";

export type PythonSources = {
  readonly directory: string;
  /** The file with the class `WitWorld`. */
  readonly entry: string;
  readonly signal: AbortSignal;
};

/** The release that the template and the documented figures are of. */
const COMPONENTIZE_PY = "componentize-py==0.25.1";
/** Packages beside it in this environment are found by the program as well. */
const VIRTUAL_ENVIRONMENT = ".venv";
const IN_ENVIRONMENT = [join("bin", "componentize-py"), join("Scripts", "componentize-py.exe")];

/**
 * A component of a Python program and CPython, in which the program's top level has been run. Throws
 * CompilerMissingError, CompileFailedError with Python's own lines, CancelledError.
 */
export async function compilePython({ directory, entry, signal }: PythonSources): Promise<Uint8Array> {
  const home = join(directory, VIRTUAL_ENVIRONMENT);
  const own = IN_ENVIRONMENT.map((place) => join(home, place)).find((place) => existsSync(place));
  const output = join("build", "module.wasm");
  await mkdir(join(directory, "build"), { recursive: true });
  const words = ["--quiet", "--wit-path", "wit", "componentize", basename(entry, ".py"), "--output", output];
  const environment = { RUST_BACKTRACE: "0", ...(own === undefined ? {} : { VIRTUAL_ENV: home }) };
  try {
    const done = await runProgram(own ?? "componentize-py", words, { directory, signal, environment });
    if (done === undefined) {
      throw new CompilerMissingError(
        "componentize-py, which puts Python into a component, is not there",
        `install it: python3 -m venv ${VIRTUAL_ENVIRONMENT} && ${VIRTUAL_ENVIRONMENT}/bin/pip install ${COMPONENTIZE_PY}   (in ${directory})`,
        {},
      );
    }
  } catch (error) {
    throw error instanceof CompileFailedError ? explained(error) : error;
  }
  return readFile(join(directory, output));
}

/** What was wrong with the author's files, without the lines of the program that found it. */
function explained({ message, details }: CompileFailedError): CompileFailedError {
  if (message.includes("duplicate items detected")) {
    return new CompileFailedError(
      "the world exports a function that has the name of one of the C library, such as read or time",
      "give it another name in wit/ and app.py",
      details,
    );
  }
  const found = /^(?:\w+\.)*\w+(?:Error|Exception): (?<said>[\s\S]*)/m.exec(message)?.groups?.["said"] ?? message;
  // Python files are mounted as /0 and on; the text after them repeats the message.
  const said = found.includes('File "/') ? found.replace(/\s*^Caused by:[\s\S]*/m, "") : found;
  return new CompileFailedError(said.replaceAll(/File "\/\d+\//g, 'File "').trim(), "", details);
}
