/**
 * Finds what the tests of memory in PostgreSQL talk to, a PostgreSQL with pgvector 0.8 or later, and brings what is missing:
 * `npx node scripts/ensure-postgresql.ts`. PostgreSQL comes from Debian, as root; pgvector from there too, or, where it is not
 * packaged, from the source in Debian's archive. Says what to do where it cannot, and ends with 1.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process, { env, stderr, stdout } from "node:process";
import { install, mayInstall, run, updateLists } from "./debian.ts";

/** The release whose archive has pgvector's source. */
const SUITE = "trixie";
const DIRECTORY = "/usr/lib/postgresql";
const MINOR_MIN = 8;

const installed = (): readonly string[] =>
  existsSync(DIRECTORY) ? readdirSync(DIRECTORY).toSorted((one, other) => Number(other) - Number(one)) : [];

function output(program: string, ...words: string[]): string {
  try {
    return execFileSync(program, words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "";
  }
}

function hasVector(bin: string): boolean {
  const shared = output(join(bin, "pg_config"), "--sharedir");
  const control = join(shared, "extension", "vector.control");
  if (shared === "" || !existsSync(control)) return false;
  const [, major = "0", minor = "0"] = /default_version = '(\d+)\.(\d+)/u.exec(readFileSync(control, "utf8")) ?? [];
  return Number(major) > 0 || Number(minor) >= MINOR_MIN;
}

/** Where `initdb` and `postgres` are, of a PostgreSQL with pgvector; undefined when there is none. */
export function findPostgresql(): string | undefined {
  const named = env["POSTGRESQL_BIN"];
  const places = named === undefined ? installed().map((version) => join(DIRECTORY, version, "bin")) : [named];
  return places.find((bin) => existsSync(join(bin, "initdb")) && hasVector(bin));
}

/** Where this machine has Debian's archive from; undefined when apt knows of none. */
const archive = (): string | undefined =>
  output("apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages")
    .split("\n")
    .find((line) => /^Debian \S+$/u.test(line) && !line.includes("security"))
    ?.slice("Debian ".length);

/** Builds pgvector for a version of PostgreSQL, from the source that Debian's archive has. */
function buildVector(version: string): void {
  const from = archive();
  if (from === undefined) return;
  const directory = mkdtempSync(join(tmpdir(), "pgvector-"));
  try {
    install(`postgresql-server-dev-${version}`, "gcc", "make", "libc6-dev");
    const [lists, parts, sources] = ["lists", "parts", "sources.list"].map((name) => join(directory, name));
    if (lists === undefined || parts === undefined || sources === undefined) return;
    mkdirSync(join(lists, "partial"), { recursive: true });
    mkdirSync(parts);
    const keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
    writeFileSync(sources, `deb-src [signed-by=${keys}] ${from} ${SUITE} main\n`);
    const places = [`Dir::Etc::sourcelist=${sources}`, `Dir::Etc::sourceparts=${parts}`, `Dir::State::lists=${lists}`];
    const options = places.flatMap((place) => ["-o", place]);
    run("apt-get", ["-qq", ...options, "update"], directory);
    run("apt-get", ["-qq", ...options, "source", "--download-only", "pgvector"], directory);
    const source = readdirSync(directory).find((name) => name.endsWith(".orig.tar.gz"));
    run("tar", ["xzf", source ?? "", "--strip-components=1"], directory);
    const config = `PG_CONFIG=${join(DIRECTORY, version, "bin", "pg_config")}`;
    run("make", ["-s", "OPTFLAGS=", config], directory);
    run("make", ["-s", "install", config], directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function bring(): void {
  if (!mayInstall()) return;
  stderr.write("The tests of memory in PostgreSQL need PostgreSQL with pgvector: bringing what is missing.\n");
  try {
    updateLists();
    if (installed().length === 0) install("postgresql");
    const [version = ""] = installed();
    if (output("apt-cache", "policy", `postgresql-${version}-pgvector`) !== "")
      install(`postgresql-${version}-pgvector`);
    if (findPostgresql() === undefined) buildVector(version);
  } catch {
    stderr.write("Not all of it could be installed.\n");
  }
}

if (import.meta.main) {
  if (findPostgresql() === undefined) bring();
  const found = findPostgresql();
  if (found === undefined) {
    stderr.write(
      "The tests of memory in PostgreSQL need PostgreSQL 13 or later with pgvector 0.8 or later (on Debian 13: apt-get install postgresql postgresql-17-pgvector), or where its programs are: POSTGRESQL_BIN=/path/to/bin\n",
    );
    process.exitCode = 1;
  } else stdout.write(`${found}\n`);
}
