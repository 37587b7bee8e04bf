import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Client } from "pg";
import { findPostgresql } from "../../scripts/ensure-postgresql.ts";
import { freePort } from "./free-port.ts";

export const PASSWORD = "correct horse battery";
/** Nothing here has to survive a power cut. */
const SETTINGS = {
  fsync: "off",
  full_page_writes: "off",
  synchronous_commit: "off",
  shared_buffers: "64MB",
  max_connections: "60",
  wal_level: "minimal",
  max_wal_senders: "0",
  unix_socket_directories: "",
  listen_addresses: "127.0.0.1",
};

/** PostgreSQL refuses to run as root: whom to run it as instead. */
function lesserUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return { uid: idOf("-u"), gid: idOf("-g") };
}

const idOf = (option: string): number => Number(execFileSync("id", [option, "nobody"], { encoding: "utf8" }));

/** A PostgreSQL of the test's own, in a temporary directory, with a database `caxton` of the user `caxton`. */
export class Postgresql implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "caxton-postgresql-"));
  readonly #bin: string;
  readonly #user = lesserUser();
  #port = 0;
  #child: ChildProcess | undefined;

  private constructor(bin: string) {
    this.#bin = bin;
  }

  static async start(): Promise<Postgresql> {
    const bin = findPostgresql();
    if (bin === undefined)
      throw new Error("there is no PostgreSQL with pgvector: npx node scripts/ensure-postgresql.ts");
    const server = new Postgresql(bin);
    server.#initialise();
    server.#port = await freePort();
    await server.resume();
    await server.run("CREATE DATABASE caxton", "postgres");
    return server;
  }

  get url(): string {
    return `postgresql://caxton@127.0.0.1:${this.#port}/caxton`;
  }

  #initialise(): void {
    const passwords = join(this.directory, "password");
    writeFileSync(passwords, PASSWORD);
    if (this.#user) for (const path of [this.directory, passwords]) chownSync(path, this.#user.uid, this.#user.gid);
    const options = [
      "--username=caxton",
      `--pwfile=${passwords}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
    ];
    execFileSync(join(this.#bin, "initdb"), [...options, "--no-sync", "-D", join(this.directory, "data")], {
      stdio: "ignore",
      cwd: this.directory,
      ...this.#user,
    });
  }

  /** Resolves when it answers. */
  async resume(): Promise<void> {
    const settings = Object.entries({ ...SETTINGS, port: this.#port }).flatMap(([name, value]) => [
      "-c",
      `${name}=${value}`,
    ]);
    const child = spawn(join(this.#bin, "postgres"), ["-D", join(this.directory, "data"), ...settings], {
      stdio: ["ignore", "ignore", "pipe"],
      cwd: this.directory,
      ...this.#user,
    });
    this.#child = child;
    let said = "";
    await new Promise<void>((resolve, reject) => {
      child.stderr?.on("data", (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-10_000);
        if (said.includes("ready to accept connections")) resolve();
      });
      child.once("exit", () => reject(new Error(`PostgreSQL has ended: ${said}`)));
    });
  }

  /** All connections are cut. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null) return;
    this.#child = undefined;
    const ended = once(child, "exit");
    // "Fast": who is connected is not waited for.
    child.kill("SIGINT");
    await ended;
  }

  async rows(sql: string, database = "caxton", user = "caxton"): Promise<readonly Record<string, unknown>[]> {
    const client = new Client({ host: "127.0.0.1", port: this.#port, user, password: PASSWORD, database });
    await client.connect();
    try {
      const { rows } = await client.query<Record<string, unknown>>(sql);
      return rows;
    } finally {
      await client.end();
    }
  }

  async run(sql: string, database = "caxton"): Promise<void> {
    await this.rows(sql, database);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
