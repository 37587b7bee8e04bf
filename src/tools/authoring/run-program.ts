import { spawn } from "node:child_process";
import { CancelledError } from "../../kernel/errors.ts";
import { CompileFailedError } from "./errors.ts";

export type ProgramRun = {
  readonly directory: string;
  /** Variables beside those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
};

const OUTPUT_CHARS_MAX = 20_000;

/** What a program printed; undefined when there is no such program. Throws CompileFailedError with what it said when it fails, CancelledError. */
export async function runProgram(
  program: string,
  words: readonly string[],
  { directory, environment = {}, signal }: ProgramRun,
): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  // oxlint-disable-next-line node/no-process-env -- a compiler gets the environment of who builds, whatever is in it
  const env = { ...process.env, ...environment };
  const child = spawn(program, words, { cwd: directory, stdio: ["ignore", "pipe", "pipe"], signal, env });
  const [printed, said]: [string[], string[]] = [[], []];
  child.stdout.setEncoding("utf8").on("data", (text: string) => printed.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => said.push(text));
  child.on("error", (error) => {
    if (signal.aborted) reject(new CancelledError("the build"));
    else if ("code" in error && error.code === "ENOENT") resolve(undefined);
    else reject(error);
  });
  child.on("close", (code) => {
    if (code === 0) return resolve(printed.join(""));
    const message = [...said, ...printed].join("").trim().slice(0, OUTPUT_CHARS_MAX);
    reject(
      new CompileFailedError(message === "" ? `${program} ended with ${code}` : message, "", { program, exit: code }),
    );
  });
  return promise;
}
