/**
 * Finds what the tests of the FIPA transport talk to, the agent platform JADE on Java 17 or later, and brings what is
 * missing: `npx node scripts/ensure-jade.ts`. Java and Maven come from Debian, as root; JADE by Maven, pinned, into Maven's own
 * store. Says what to do where it cannot, and ends with 1.
 */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process, { env, stderr, stdout } from "node:process";
import { installJava, run, runs } from "./debian.ts";

export const JADE_VERSION = "4.3";
const ARTIFACT = `net.sf.ingenias:jade:${JADE_VERSION}`;

const store = (): string => env["MAVEN_REPO_LOCAL"] ?? join(homedir(), ".m2", "repository");

/** The archive of JADE; undefined when it is not there. */
export function findJade(): string | undefined {
  const named =
    env["JADE_JAR"] ?? join(store(), "net", "sf", "ingenias", "jade", JADE_VERSION, `jade-${JADE_VERSION}.jar`);
  return existsSync(named) && runs("javac", "-version") ? named : undefined;
}

function bring(): void {
  stderr.write(`The tests of the FIPA transport need ${ARTIFACT} and Java: bringing what is missing.\n`);
  try {
    installJava();
    run("mvn", ["-q", "-B", "dependency:get", `-Dartifact=${ARTIFACT}`]);
  } catch {
    stderr.write("Not all of it could be installed.\n");
  }
}

if (import.meta.main) {
  if (findJade() === undefined) bring();
  const found = findJade();
  if (found === undefined) {
    stderr.write(
      `The tests of the FIPA transport need Java (on Debian: apt-get install default-jdk-headless maven) and JADE (mvn dependency:get -Dartifact=${ARTIFACT}), or where its archive is: JADE_JAR=/path/to/jade.jar\n`,
    );
    process.exitCode = 1;
  } else stdout.write(`${found}\n`);
}
