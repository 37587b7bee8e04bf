/**
 * Compiles the programs of `test/tools/wasi/programs` to WebAssembly: `node test/tools/wasi/build.ts`. The modules and
 * `built/BUILD.json` are committed, so only who changes a program needs the compilers, which are Debian 12's; they are
 * installed when they are missing and this runs as root.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";

const PROGRAMS = join(import.meta.dirname, "programs");
const BUILT = join(import.meta.dirname, "built");
const BUILD_FILE = join(BUILT, "BUILD.json");
const CLANG = "/usr/bin/clang";
const RUSTC = "/usr/bin/rustc";
const TARGET = "wasm32-wasi";
/** Debian packages, each with a file that exists if it is installed. */
const PACKAGES = {
  clang: CLANG,
  lld: "/usr/bin/wasm-ld*",
  "wasi-libc": `/usr/lib/${TARGET}/libc.a`,
  "libclang-rt-dev-wasm32": "/usr/lib/llvm-*/lib/clang/*/lib/wasi/*wasm32.a",
  rustc: RUSTC,
  "libstd-rust-dev-wasm32": `/usr/lib/rustlib/${TARGET}`,
};

const Build = z.strictObject({
  compilers: z.array(z.string()),
  programs: z.record(z.string(), z.strictObject({ module: z.string(), source: z.string() })),
});
export type Build = z.infer<typeof Build>;

export const readBuild = (): Build => Build.parse(JSON.parse(readFileSync(BUILD_FILE, "utf8")));
export const moduleOf = (program: string): Buffer => readFileSync(join(BUILT, `${program}.wasm`));
export const sources = (): readonly string[] => globSync("*.{c,rs}", { cwd: PROGRAMS }).toSorted();
export const nameOf = (source: string): string => source.replace(/\.\w+$/, "");
export const moduleHash = (program: string): string => sha256(moduleOf(program));
/** Of the program and of what all programs share. */
export const sourceHash = (source: string): string =>
  sha256(Buffer.concat([readFileSync(join(PROGRAMS, source)), readFileSync(join(PROGRAMS, "check.h"))]));

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

function compile(source: string): void {
  const output = join(BUILT, `${nameOf(source)}.wasm`);
  const run = (command: string, options: readonly string[]) =>
    execFileSync(command, [...options, "-o", output, source], { cwd: PROGRAMS, stdio: "inherit" });
  if (source.endsWith(".c")) {
    run(CLANG, [`--target=${TARGET}`, "-Oz", "-Wall", "-Wextra", "-Werror", "-Wl,--strip-all"]);
  } else {
    run(RUSTC, ["--edition=2021", `--target=${TARGET}`, "-Copt-level=z", "-Clto", "-Cstrip=symbols", "-Cpanic=abort"]);
  }
  chmodSync(output, 0o644);
}

function ensureCompilers(): void {
  const names = Object.entries(PACKAGES)
    .filter(([, file]) => globSync(file).length === 0)
    .map(([name]) => name);
  if (names.length === 0) return;
  const command = ["apt-get", "install", "-y", "--no-install-recommends", ...names];
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    throw new Error(`building needs Debian 12's ${names.join(", ")}. Install them: sudo ${command.join(" ")}`);
  }
  execFileSync("/usr/bin/apt-get", ["update", "-qq"], { stdio: "inherit" });
  execFileSync("/usr/bin/apt-get", command.slice(1), { stdio: ["ignore", "ignore", "inherit"] });
}

const version = (command: string): string =>
  execFileSync(command, ["--version"], { encoding: "utf8" }).split("\n")[0] ?? "";

function build(): void {
  ensureCompilers();
  mkdirSync(BUILT, { recursive: true });
  for (const source of sources()) compile(source);
  const programs = Object.fromEntries(
    sources().map((source) => [nameOf(source), { module: moduleHash(nameOf(source)), source: sourceHash(source) }]),
  );
  const made: Build = { compilers: [version(CLANG), version(RUSTC)], programs };
  writeFileSync(BUILD_FILE, `${JSON.stringify(made, null, 2)}\n`);
}

if (import.meta.main) build();
