import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process, { stderr, stdout } from "node:process";

export type PythonPackages = {
  /** What needs them, for messages. */
  readonly name: string;
  readonly directory: string;
  /** Words of each call of `pip3 install`. */
  readonly installs: readonly (readonly string[])[];
};

/** Installs pinned packages of Python's registry into a directory, unless they are there. Throws an Error that says what to install. */
export function ensurePython({ name, directory, installs }: PythonPackages): void {
  // Written when all is there: an installation that was cut off is made again.
  const whole = join(directory, ".whole");
  if (existsSync(whole)) return;
  stderr.write(`No ${name} is here, which tests need: installing it.\n`);
  mkdirSync(directory, { recursive: true });
  try {
    const install = ["install", "--quiet", "--disable-pip-version-check", "--upgrade", "--target", directory];
    for (const words of installs) execFileSync("pip3", [...install, ...words], { stdio: ["ignore", 2, 2] });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `There is no ${name} for the tests: ${why}. It needs Python 3.10 or newer with pip: apt-get install python3-pip`,
      { cause: error },
    );
  }
  writeFileSync(whole, "");
}

/** The same for a script: prints the outcome, and ends with 1 if it failed. */
export function ensurePythonOrExit(packages: PythonPackages): void {
  try {
    ensurePython(packages);
    stdout.write(`${packages.name}: it is here\n`);
  } catch (error) {
    stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
