import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import neo4j from "neo4j-driver";
import { findNeo4j } from "../../scripts/ensure-neo4j.ts";
import { tempDirectory } from "./temp.ts";
import { freePort } from "./free-port.ts";

const FIRST_PASSWORD = "neo4j";
const PASSWORD = "a-password-1";

/** Bolt and nothing else, and little of the machine. */
const settings = (port: number): string =>
  [
    "server.default_listen_address=127.0.0.1",
    `server.bolt.listen_address=127.0.0.1:${port}`,
    "server.http.enabled=false",
    "server.https.enabled=false",
    "dbms.usage_report.enabled=false",
    "db.logs.query.enabled=OFF",
    "server.memory.pagecache.size=32m",
    "db.tx_log.preallocate=false",
    "db.tx_log.rotation.size=1m",
    "",
  ].join("\n");

/** A start that costs little, for tests; */
const TEST_JAVA = ["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
/** and a server that is to be quick later. */
export const SERVER_JAVA = ["-Xmx1g"];

const OPENED = ["java.nio", "java.io", "sun.nio.ch"].map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`);

/** A Neo4j of the test's own, with authentication, in a directory of its own. Its start takes seconds: one for a file of tests. */
export class Neo4jServer implements AsyncDisposable {
  readonly #directory = tempDirectory();
  readonly #library: string;
  readonly #port: number;
  readonly #java: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(library: string, port: number, java: readonly string[]) {
    this.#library = library;
    this.#port = port;
    this.#java = java;
  }

  static async start(java: readonly string[] = TEST_JAVA): Promise<Neo4jServer> {
    const library = findNeo4j();
    if (library === undefined) throw new Error("Neo4j is not here: npx node scripts/ensure-neo4j.ts");
    const server = new Neo4jServer(library, await freePort(), java);
    try {
      mkdirSync(join(server.#directory.path, "conf"));
      writeFileSync(join(server.#directory.path, "conf", "neo4j.conf"), settings(server.#port));
      await server.run();
      await server.#statement(`ALTER CURRENT USER SET PASSWORD FROM '${FIRST_PASSWORD}' TO '${PASSWORD}'`, {
        database: "system",
        password: FIRST_PASSWORD,
      });
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** Where it is, and who enters. */
  get place() {
    return {
      url: `bolt://127.0.0.1:${this.#port}`,
      user: "neo4j",
      password: () => PASSWORD,
      database: "neo4j",
    };
  }

  /** Starts it with what it held before. */
  async run(): Promise<void> {
    const home = this.#directory.path;
    const words = [
      ...this.#java,
      "-Xss1m",
      "-XX:-UsePerfData",
      ...OPENED,
      "-cp",
      join(this.#library, "*"),
      "org.neo4j.server.CommunityEntryPoint",
      `--home-dir=${home}`,
      `--config-dir=${join(home, "conf")}`,
      "--console-mode",
    ];
    const child = spawn("java", words, { cwd: home, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    let output = "";
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const hear = (chunk: Buffer): void => {
      output += chunk.toString();
      if (output.includes("Started.")) resolve();
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("exit", () => reject(new Error(`Neo4j ended: ${output}`)));
    await promise;
  }

  /** Ends it as a power cut does. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** Runs one statement; its rows. */
  async ask(statement: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return this.#statement(statement, { database: "neo4j", password: PASSWORD });
  }

  async #statement(
    statement: string,
    { database, password }: { readonly database: string; readonly password: string },
  ) {
    const options = { disableLosslessIntegers: true };
    const driver = neo4j.driver(this.place.url, neo4j.auth.basic("neo4j", password), options);
    try {
      const { records } = await driver.executeQuery(statement, {}, { database });
      return records.map((record): Readonly<Record<string, unknown>> => record.toObject());
    } finally {
      await driver.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.#directory[Symbol.dispose]();
  }
}
