import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import process, { env } from "node:process";

/** Debian itself: on its relatives a package may be a stub that needs another installer. */
const isDebian = (): boolean =>
  existsSync("/usr/bin/apt-get") &&
  existsSync("/etc/os-release") &&
  /^ID=debian$/m.test(readFileSync("/etc/os-release", "utf8"));

/** Whether packages can be installed here: on Debian, by root. */
export const mayInstall = (): boolean => isDebian() && process.getuid?.() === 0;

/** Runs a program without prompts. Its output goes to the error stream. Throws when it fails. */
export const run = (program: string, words: readonly string[], cwd?: string): void => {
  execFileSync(program, words, {
    stdio: ["ignore", 2, 2],
    env: { ...env, DEBIAN_FRONTEND: "noninteractive" },
    ...(cwd === undefined ? {} : { cwd }),
  });
};

/** Updates the package lists. */
export const updateLists = (): void => run("apt-get", ["-qq", "update"]);

/** Installs packages with what they need, and nothing more. */
export const install = (...packages: readonly string[]): void =>
  run("apt-get", ["-qq", "install", "-y", "--no-install-recommends", ...packages]);

/** Whether a program can be run so. */
export function runs(program: string, ...words: string[]): boolean {
  try {
    execFileSync(program, words, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Java's compiler and Maven, where they are not there and may be installed. */
export function installJava(): void {
  if ((runs("javac", "-version") && runs("mvn", "-version")) || !mayInstall()) return;
  updateLists();
  install("default-jdk-headless", "maven");
}
