import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { AgentTestFile } from "../../agents/test-files/index.ts";
import type { Recording } from "../agent-tests/index.ts";
import { unreadable } from "../client/index.ts";
import { UsageError } from "../frame/index.ts";
import { type DefinitionSource, invalidDefinition } from "./files.ts";

/** A test file with all that belongs to it. */
export type FoundTests = {
  /** As it is shown: relative to the working directory. */
  readonly file: string;
  /** Its directory; what it names starts from here. */
  readonly directory: string;
  readonly tests: AgentTestFile;
  /** The file of the definition, also where the tests go to a server that has the agent already. */
  readonly definition: DefinitionSource;
  readonly recordingFile: string;
  readonly recording: Recording;
};

const DEFINITIONS = [".toml", ".md", ".markdown", ".yaml", ".yml"];

/**
 * Tests by path: of a test file, of a definition, or of all test files below a directory. Throws UsageError,
 * UnreadableFileError, DefinitionProblemsError, RecordingInvalidError.
 */
export async function findTests(paths: readonly string[], command: string): Promise<readonly FoundTests[]> {
  const format = await import("../../agents/test-files/index.ts");
  const files = [...new Set((await Promise.all(paths.map((path) => filesAt(path, format)))).flat())];
  if (files.length === 0) {
    throw new UsageError(
      `there are no tests in ${paths.join(", ")}; write one beside a definition, such as greeter.test.toml for greeter.toml`,
      command,
    );
  }
  return Promise.all(files.map((file) => load(file, format, command)));
}

const isHidden = (name: string): boolean =>
  name.split(sep).some((part) => part.startsWith(".") || part === "node_modules");

type Format = typeof import("../../agents/test-files/index.ts");

async function filesAt(path: string, { isTestFile, testFileStem }: Format): Promise<readonly string[]> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (found.isDirectory()) {
    const names = await readdir(path, { recursive: true });
    return names
      .filter((name) => isTestFile(name) && !isHidden(name))
      .toSorted()
      .map((name) => join(path, name));
  }
  if (isTestFile(path)) return [path];
  const stem = path.replace(/\.(?:toml|md|markdown|ya?ml)$/i, "");
  const beside = await readdir(dirname(path));
  return beside
    .map((name) => join(dirname(path), name))
    .filter((name) => isTestFile(name) && resolve(testFileStem(name)) === resolve(stem));
}

async function load(file: string, format: Format, command: string): Promise<FoundTests> {
  const source = await read(file);
  const reading = format.readAgentTests(source, file);
  if (reading.type === "invalid") {
    const { renderProblem } = await import("../../text/documents/index.ts");
    throw invalidDefinition(
      file,
      reading.problems,
      (problem) => renderProblem(problem, source, { colour: false }),
      HINT,
    );
  }
  const stem = format.testFileStem(file);
  const directory = dirname(file);
  const definition =
    reading.tests.agent === undefined
      ? DEFINITIONS.map((extension) => stem + extension).find((name) => existsSync(name))
      : join(directory, reading.tests.agent);
  if (definition === undefined) {
    const names = DEFINITIONS.map((extension) => basename(stem) + extension).join(", ");
    throw new UsageError(
      `${file} tests none of ${names}: there is no such file. Name the definition in it: agent = "..."`,
      command,
    );
  }
  const recordings = await import("../agent-tests/index.ts");
  const recordingFile = recordings.recordingFile(stem);
  const recording = existsSync(recordingFile)
    ? recordings.readRecording(await read(recordingFile), recordingFile)
    : recordings.NO_RECORDING;
  const shown = relative(process.cwd(), file);
  return {
    file: shown.startsWith("..") ? file : shown,
    directory,
    tests: reading.tests,
    definition: { source: await read(definition), fileName: definition },
    recordingFile,
    recording,
  };
}

const HINT = "Correct it; `caxton agent schema --tests` prints what there can be.";

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw unreadable(path, error);
  }
}
