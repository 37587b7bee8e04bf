/**
 * Compiles the tool servers of `tools/` to WebAssembly: `npx node scripts/build-tools.ts [server …]`, all of them by default.
 * The modules and `tools/built/BUILD.json` are committed, so only who changes a server needs the compiler.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { ensureSqlite } from "./sqlite-source.ts";

const ROOT = join(import.meta.dirname, "..");
const TOOLS = join(ROOT, "tools");
const TARGET = "wasm32-wasi";

/** Servers and the directory each is built into. `hostile` is for tests alone and never shipped. */
export const SERVERS: Readonly<Record<string, string>> = {
  csv_parser: "tools/built/csv_parser",
  chart_generator: "tools/built/chart_generator",
  file_system: "tools/built/file_system",
  json_tools: "tools/built/json_tools",
  text_tools: "tools/built/text_tools",
  date_time: "tools/built/date_time",
  calculator: "tools/built/calculator",
  state: "tools/built/state",
  http_client: "tools/built/http_client",
  database: "tools/built/database",
  hostile: "test/fixtures/tools/hostile",
};

/** Servers that read files of many megabytes, and are optimised for speed; the others for size. */
const FAST: ReadonlySet<string> = new Set(["csv_parser", "chart_generator", "file_system", "hostile"]);

const CARGO = "/usr/bin/cargo";
const RUSTC = "/usr/bin/rustc";
/** Debian packages, each with a file that exists if it is installed. */
const PACKAGES = {
  cargo: CARGO,
  rustc: RUSTC,
  "libstd-rust-dev-wasm32": `/usr/lib/rustlib/${TARGET}`,
  lld: "/usr/bin/wasm-ld*",
  clang: "/usr/bin/clang",
  "wasi-libc": "/usr/include/wasm32-wasi",
};

const Build = z.strictObject({
  compiler: z.string(),
  servers: z.record(z.string(), z.strictObject({ module: z.string(), sources: z.string() })),
});
/** What `tools/built/BUILD.json` says: sha256 of each module and of the sources it was made from. */
export type Build = z.infer<typeof Build>;

const BUILD_FILE = join(TOOLS, "built", "BUILD.json");
export const readBuild = (): Build => Build.parse(JSON.parse(readFileSync(BUILD_FILE, "utf8")));

const sha256 = (bytes: Buffer | string) => createHash("sha256").update(bytes).digest("hex");

/** sha256 of the committed module of a server. */
export const moduleHash = (server: string): string =>
  sha256(readFileSync(join(ROOT, SERVERS[server] ?? server, "module.wasm")));

/** sha256 of all that decides what a server's module is: its sources, those of the crates it uses, and how they are built. */
export function sourcesHash(server: string): string {
  const crates = [...cratesOf(server)];
  const patterns = crates.flatMap((crate) => [
    `${crate}/Cargo.toml`,
    `${crate}/src/**/*.{rs,bin}`,
    `${crate}/{build.rs,sqlite.json,native/*.c}`,
  ]);
  const files = globSync([".cargo/config.toml", ...patterns], { cwd: TOOLS }).toSorted();
  const lines = files.map((file) => `${file} ${sha256(readFileSync(join(TOOLS, file)))}\n`);
  // Of the workspace the profile counts, and not which other members there are.
  const profile = readFileSync(join(TOOLS, "Cargo.toml"), "utf8").replace(/^members = .*$/m, "");
  return sha256(profile + lines.join(""));
}

function cratesOf(crate: string, known = new Set<string>()): Set<string> {
  if (known.has(crate)) return known;
  known.add(crate);
  const manifest = readFileSync(join(TOOLS, crate, "Cargo.toml"), "utf8");
  for (const [, used] of manifest.matchAll(/path = "\.\.\/(\w+)"/g)) if (used) cratesOf(used, known);
  return known;
}

const say = (line: string) => void process.stdout.write(`${line}\n`);

const missing = () => Object.entries(PACKAGES).filter(([, file]) => globSync(file).length === 0);

/** Installs what is missing when allowed to, and says what is missing otherwise. */
function ensureToolchain(): void {
  const names = missing().map(([name]) => name);
  if (names.length === 0) return;
  const command = ["apt-get", "install", "-y", "--no-install-recommends", ...names];
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    throw new Error(
      `building the tool servers needs Debian 12's ${names.join(", ")}. Install them: sudo ${command.join(" ")}`,
    );
  }
  say(`installing ${names.join(", ")}`);
  execFileSync("/usr/bin/apt-get", ["update", "-qq"], { stdio: "inherit" });
  execFileSync("/usr/bin/apt-get", command.slice(1), { stdio: ["ignore", "ignore", "inherit"] });
  const left = missing().map(([name, file]) => `${name} (${file})`);
  if (left.length > 0) throw new Error(`installed, but still not there: ${left.join(", ")}`);
}

const profileOf = (server: string) => (FAST.has(server) ? "release" : "small");

function compile(servers: readonly string[], profile: string): void {
  if (servers.length === 0) return;
  const packages = servers.flatMap((server) => ["-p", server]);
  // A module must not depend on where the sources lie.
  const flags = `target.${TARGET}.rustflags=["--remap-path-prefix=${TOOLS}=tools"]`;
  const compiler = ["--config", `build.rustc="${RUSTC}"`, "--config", flags];
  const how = ["--profile", profile, "--offline", "--target", TARGET];
  execFileSync(CARGO, ["build", ...how, ...compiler, ...packages], { cwd: TOOLS, stdio: "inherit" });
}

function build(servers: readonly string[]): void {
  ensureToolchain();
  if (servers.includes("database"))
    ensureSqlite(join(TOOLS, "database", "sqlite.json"), join(TOOLS, "target", "sqlite"));
  for (const profile of ["release", "small"]) {
    compile(
      servers.filter((server) => profileOf(server) === profile),
      profile,
    );
  }
  const version = execFileSync(RUSTC, ["--version"], { encoding: "utf8" }).trim();
  const entries = existsSync(BUILD_FILE) ? readBuild().servers : {};
  for (const server of servers) {
    const to = join(ROOT, SERVERS[server] ?? server);
    mkdirSync(to, { recursive: true });
    copyFileSync(join(TOOLS, "target", TARGET, profileOf(server), `${server}.wasm`), join(to, "module.wasm"));
    chmodSync(join(to, "module.wasm"), 0o644);
    copyFileSync(join(TOOLS, server, "tool.toml"), join(to, "tool.toml"));
    entries[server] = { module: moduleHash(server), sources: sourcesHash(server) };
    say(`${server}: ${readFileSync(join(to, "module.wasm")).length} bytes`);
  }
  const known = Object.fromEntries(
    Object.keys(SERVERS).flatMap((name) => (entries[name] ? [[name, entries[name]]] : [])),
  );
  writeFileSync(BUILD_FILE, `${JSON.stringify({ compiler: version, servers: known }, null, 2)}\n`);
}

if (import.meta.main) {
  const asked = process.argv.slice(2);
  const unknown = asked.filter((server) => !(server in SERVERS));
  if (unknown.length > 0) {
    throw new Error(`there is no tool server ${unknown.join(", ")}; there are ${Object.keys(SERVERS).join(", ")}`);
  }
  build(asked.length > 0 ? asked : Object.keys(SERVERS));
}
