import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import process, { env } from "node:process";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { ASSEMBLY_SCRIPT_MODULES, ensureToolchains, goDirectory } from "../../../scripts/ensure-toolchains.ts";

/** Guests of the tests, each from a source in `guests/`. Small ones are committed in `guests/built` with a hash of both. */
export const SOURCES = join(import.meta.dirname, "guests");
const BUILT = join(SOURCES, "built");
const CACHE = join(import.meta.dirname, "../../../node_modules/.cache/caxton-guests");

type Recipe = { readonly sources: readonly string[]; readonly build: (output: string) => void };

const run = (program: string, words: readonly string[], more: { readonly [name: string]: string } = {}): void => {
  execFileSync(program, words, { cwd: SOURCES, env: { ...env, ...more }, stdio: ["ignore", "ignore", 2] });
};

const LINK = ["-nostdlib", "-Wl,--no-entry", "-Wl,-z,stack-size=16384", "-Wl,--strip-all"];
const c = (source: string, ...defines: readonly string[]): Recipe => ({
  sources: source === "core.c" || source === "lying-alloc.c" ? [source] : [source, "extism-pdk.h"],
  build: (output) => {
    ensureToolchains(["c"]);
    const words = ["--target=wasm32", "-O2", ...LINK, ...defines.map((name) => `-D${name}`), "-o", output, source];
    run("/usr/bin/clang", words);
  },
});

const SMALL: { readonly [name: string]: Recipe } = {
  core: c("core.c", "DESCRIBED"),
  "core-plain": c("core.c"),
  "lying-null": c("lying-alloc.c", "LIE=0"),
  "lying-outside": c("lying-alloc.c", "LIE=0xfffffff0u"),
  program: {
    sources: ["program.c"],
    build: (output) => {
      ensureToolchains(["c"]);
      const words = ["--target=wasm32", "-O2", ...LINK, "-Wl,--import-memory", "-o", output, "program.c"];
      run("/usr/bin/clang", words);
    },
  },
  extism: c("extism.c"),
  "hyper-mcp-first": c("hyper-mcp.c", "FIRST"),
  "hyper-mcp-second": c("hyper-mcp.c"),
  "hyper-mcp-endless": c("hyper-mcp.c", "FIRST", "ENDLESS"),
  "core-rust": {
    sources: ["core.rs"],
    build: (output) => {
      ensureToolchains(["rust"]);
      const words = ["--target", "wasm32-unknown-unknown", "--crate-type", "cdylib", "-C", "opt-level=s"];
      run("/usr/bin/rustc", [...words, "-C", "panic=abort", "-C", "strip=symbols", "-o", output, "core.rs"]);
    },
  },
  "core-assembly": {
    sources: ["assembly/tool.as"],
    build: (output) => {
      ensureToolchains(["as"]);
      const compiler = join(ASSEMBLY_SCRIPT_MODULES, "assemblyscript", "bin", "asc.js");
      // The compiler wants its sources named like those of TypeScript, which this is not.
      mkdirSync(CACHE, { recursive: true });
      const source = join(CACHE, "tool.ts");
      copyFileSync(join(SOURCES, "assembly/tool.as"), source);
      const words = [source, "-O3s", "--runtime", "incremental", "--exportRuntime", "-o", output];
      run("node", [compiler, ...words]);
    },
  },
};

/** What components may ask of Caxton. */
const HOST_WIT = "../../../../engines/wit/host.wit";

const LARGE = {
  "stdio-go": {
    sources: ["stdio-go/main.go", "stdio-go/go.mod"],
    build: (output) => {
      ensureToolchains(["go"]);
      const words = ["build", "-C", "stdio-go", "-ldflags=-s -w", "-o", output, "."];
      run(join(goDirectory() ?? "", "go"), words, { GOOS: "wasip1", GOARCH: "wasm", GOFLAGS: "-buildvcs=false" });
    },
  },
  "component-js": {
    sources: ["component-js/world.wit", "component-js/tools.js", HOST_WIT],
    build: (output) => {
      const command = fileURLToPath(new URL("cli.mjs", import.meta.resolve("componentize-qjs")));
      const wit = join(CACHE, "component-js");
      mkdirSync(join(wit, "deps"), { recursive: true });
      copyFileSync(join(SOURCES, "component-js/world.wit"), join(wit, "world.wit"));
      copyFileSync(join(SOURCES, HOST_WIT), join(wit, "deps/host.wit"));
      const words = ["-w", wit, "-j", "component-js/tools.js", "-n", "tools"];
      run("node", [command, ...words, "--sync", "--opt-size", "-o", output]);
    },
  },
} as const satisfies { readonly [name: string]: Recipe };

export const SMALL_NAMES = Object.keys(SMALL);
export const moduleFile = (name: string): string => join(BUILT, `${name}.wasm`);

const Pins = z.record(z.string(), z.strictObject({ module: z.string(), sources: z.string() }));
export const PINS_FILE = join(BUILT, "BUILD.json");
export const readPins = (): z.infer<typeof Pins> => Pins.parse(JSON.parse(readFileSync(PINS_FILE, "utf8")));

/** What a committed guest is, and what it was made from, as hashes. */
export function hashesOf(name: string): { readonly module: string; readonly sources: string } {
  const sources = (SMALL[name]?.sources ?? []).map((source) => readFileSync(join(SOURCES, source)));
  return { module: sha256(readFileSync(moduleFile(name))), sources: sha256(Buffer.concat(sources)) };
}

/** Makes a committed guest again. */
export function buildSmall(name: string): void {
  mkdirSync(BUILT, { recursive: true });
  SMALL[name]?.build(moduleFile(name));
}

/** A committed guest. */
export const small = (name: string): Buffer => readFileSync(moduleFile(name));

/** A guest that is too large to be committed; made once, and kept while its sources stay as they are. */
export function large(name: keyof typeof LARGE): Buffer {
  const { sources, build } = LARGE[name];
  const hash = sha256(Buffer.concat(sources.map((source) => readFileSync(join(SOURCES, source)))));
  const file = join(CACHE, `${name}-${hash.slice(0, 16)}.wasm`);
  if (!existsSync(file)) {
    mkdirSync(CACHE, { recursive: true });
    // Test files that run at once may make the same one.
    const draft = `${file}.draft-${process.pid}`;
    build(draft);
    renameSync(draft, file);
  }
  return readFileSync(file);
}

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
