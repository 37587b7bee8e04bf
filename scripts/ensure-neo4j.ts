/**
 * Finds what the tests of memory in Neo4j talk to, a Neo4j community server on Java 17 or later, and brings what is missing:
 * `npx node scripts/ensure-neo4j.ts`. Java and Maven come from Debian, as root; the server's archives by Maven, pinned, into
 * node_modules/.cache. Says what to do where it cannot, and ends with 1.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process, { env, stderr, stdout } from "node:process";
import { installJava, run, runs } from "./debian.ts";

const VERSION = "5.26.30";
const LIBRARY = join(import.meta.dirname, "..", "node_modules", ".cache", `caxton-neo4j-${VERSION}`);

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>caxton</groupId><artifactId>neo4j</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.neo4j</groupId><artifactId>neo4j</artifactId><version>${VERSION}</version></dependency>
  </dependencies>
</project>
`;

/** The directory of the server's archives; undefined when they are not there. */
export function findNeo4j(): string | undefined {
  const directory = env["NEO4J_LIB"] ?? LIBRARY;
  return existsSync(directory) && runs("java", "-version") ? directory : undefined;
}

/** All or nothing: the directory has its name only when everything is in it. */
function installArchives(): void {
  mkdirSync(dirname(LIBRARY), { recursive: true });
  const directory = mkdtempSync(`${LIBRARY}-`);
  try {
    const pom = join(directory, "pom.xml");
    const archives = join(directory, "lib");
    writeFileSync(pom, POM);
    const options = ["-DincludeScope=runtime", `-DoutputDirectory=${archives}`];
    run("mvn", ["-q", "-B", "-f", pom, "dependency:copy-dependencies", ...options]);
    renameSync(archives, LIBRARY);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function bring(): void {
  stderr.write(`The tests of memory in Neo4j need Neo4j ${VERSION} and Java: bringing what is missing.\n`);
  try {
    installJava();
    if (!existsSync(LIBRARY)) installArchives();
  } catch {
    stderr.write("Not all of it could be installed.\n");
  }
}

if (import.meta.main) {
  if (findNeo4j() === undefined) bring();
  const found = findNeo4j();
  if (found === undefined) {
    stderr.write(
      "The tests of memory in Neo4j need Java (on Debian: apt-get install default-jdk-headless maven) and the archives of a Neo4j community server, which Maven brings; or where those are: NEO4J_LIB=/path/to/neo4j-community/lib\n",
    );
    process.exitCode = 1;
  } else stdout.write(`${found}\n`);
}
