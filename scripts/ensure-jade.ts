/**
 * Finds what the tests of the FIPA transport talk to, the agent platform JADE on Java 17 or later, and brings what is
 * missing: `node scripts/ensure-jade.ts`. Java and Maven come from Debian, as root; JADE by Maven, pinned, into Maven's own
 * store. Says what to do where it cannot, and ends with 1.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process, { env, stderr, stdout } from "node:process";

const VERSION = "4.3";
const ARTIFACT = `net.sf.ingenias:jade:${VERSION}`;

const store = (): string => env["MAVEN_REPO_LOCAL"] ?? join(homedir(), ".m2", "repository");

/** The archive of JADE; undefined when it is not there. */
export function findJade(): string | undefined {
  const named = env["JADE_JAR"] ?? join(store(), "net", "sf", "ingenias", "jade", VERSION, `jade-${VERSION}.jar`);
  return existsSync(named) && runs("javac", "-version") ? named : undefined;
}

function runs(program: string, ...words: string[]): boolean {
  try {
    execFileSync(program, words, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const isDebian = (): boolean =>
  existsSync("/usr/bin/apt-get") &&
  existsSync("/etc/os-release") &&
  /^ID=debian$/m.test(readFileSync("/etc/os-release", "utf8"));

const apt = (...words: string[]): unknown =>
  execFileSync("apt-get", ["-qq", ...words], {
    stdio: ["ignore", 2, 2],
    env: { ...env, DEBIAN_FRONTEND: "noninteractive" },
  });

function installPrograms(): void {
  if (runs("javac", "-version") && runs("mvn", "-version")) return;
  if (!isDebian() || process.getuid?.() !== 0) return;
  apt("update");
  apt("install", "-y", "--no-install-recommends", "default-jdk-headless", "maven");
}

function install(): void {
  stderr.write(`The tests of the FIPA transport need ${ARTIFACT} and Java: bringing what is missing.\n`);
  try {
    installPrograms();
    execFileSync("mvn", ["-q", "-B", "dependency:get", `-Dartifact=${ARTIFACT}`], { stdio: ["ignore", 2, 2] });
  } catch {
    stderr.write("Not all of it could be installed.\n");
  }
}

if (import.meta.main) {
  if (findJade() === undefined) install();
  const found = findJade();
  if (found === undefined) {
    stderr.write(
      `The tests of the FIPA transport need Java (on Debian: apt-get install default-jdk-headless maven) and JADE (mvn dependency:get -Dartifact=${ARTIFACT}), or where its archive is: JADE_JAR=/path/to/jade.jar\n`,
    );
    process.exitCode = 1;
  } else stdout.write(`${found}\n`);
}
