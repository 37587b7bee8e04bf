/**
 * Builds `engines/built/javascript.wasm`, the engine that tools in TypeScript and JavaScript run on: `node
 * scripts/build-engine.ts`. The module, BUILD.json and the licences beside it are committed, so only who changes
 * `engines/javascript` needs a compiler. QuickJS itself is taken from a pinned release of the crate that carries its sources.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { env } from "node:process";
import { build } from "esbuild";
import * as z from "zod";
import { prepareEngine, STACK_BYTES } from "../src/tools/authoring/index.ts";
import { ensureToolchains } from "./ensure-toolchains.ts";

const ROOT = join(import.meta.dirname, "..");
const ENGINE = join(ROOT, "engines", "javascript");
const BUILT = join(ROOT, "engines", "built");
const WORK = join(ROOT, "node_modules", ".cache", "caxton-engine");

/** The crate whose sources are compiled, and the sha256 of its archive. */
const CRATE = {
  name: "rquickjs-sys",
  version: "0.14.0",
  sha256: "cee271d0eeba64f0915b846cb7ae02e16faf3dfdffdca91731101d9d30fe3423",
} as const;
const SOURCES = ["quickjs.c", "libregexp.c", "libunicode.c", "dtoa.c"];

/** QuickJS leaves the depth of calls to WASI hosts, which can only end a guest; here it is an error that can be caught. */
const PATCH = {
  file: "quickjs.c",
  from: "#if defined(__wasi__)\n    rt->stack_limit = 0;",
  to: "#if 0\n    rt->stack_limit = 0;",
} as const;

const CLANG = "/usr/bin/clang-14";
const TARGET = ["--target=wasm32-wasi", "-O2"];
/** As the crate itself does for WASI: no threads, no rounding modes, no assertions. */
const DEFINES = ["-DEMSCRIPTEN=1", "-DFE_DOWNWARD=0", "-DFE_UPWARD=0", "-D_GNU_SOURCE", "-DNDEBUG", "-w"];
const LINK = [
  "-nostartfiles",
  "-Wl,--no-entry",
  "-Wl,--stack-first",
  `-Wl,-z,stack-size=${STACK_BYTES}`,
  "-Wl,--strip-all",
];

const Build = z.strictObject({
  compiler: z.string(),
  crate: z.strictObject({ name: z.string(), version: z.string(), sha256: z.string() }),
  sources: z.string(),
  module: z.string(),
});
/** What `engines/built/BUILD.json` says: what the module was made from, and its sha256. */
export type EngineBuild = z.infer<typeof Build>;

const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

export const readEngineBuild = (): EngineBuild =>
  Build.parse(JSON.parse(readFileSync(join(BUILT, "BUILD.json"), "utf8")));

/** sha256 of all of ours that decides what the engine is. */
export function engineSourcesHash(): string {
  const files = globSync(["main.c", "runtime/*.ts"], { cwd: ENGINE }).toSorted();
  return sha256(files.map((file) => `${file} ${sha256(readFileSync(join(ENGINE, file)))}\n`).join(""));
}

/** sha256 of the committed engine. */
export const engineHash = (): string => sha256(readFileSync(join(BUILT, "javascript.wasm")));

/** The crate's directory, checked. */
function fetchCrate(): string {
  const project = join(WORK, "project");
  const home = join(WORK, "cargo");
  mkdirSync(join(project, "src"), { recursive: true });
  writeFileSync(join(project, "src", "lib.rs"), "");
  writeFileSync(
    join(project, "Cargo.toml"),
    `[package]\nname = "sources"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\n${CRATE.name} = "=${CRATE.version}"\n`,
  );
  execFileSync("cargo", ["fetch", "--quiet"], { cwd: project, env: { ...env, CARGO_HOME: home } });
  const [archive = ""] = globSync(`registry/cache/*/${CRATE.name}-${CRATE.version}.crate`, { cwd: home });
  const found = sha256(readFileSync(join(home, archive)));
  if (found !== CRATE.sha256) throw new Error(`${archive} has the sha256 ${found}, expected ${CRATE.sha256}`);
  const [directory = ""] = globSync(`registry/src/*/${CRATE.name}-${CRATE.version}`, { cwd: home });
  return join(home, directory);
}

function compile(crate: string): string {
  const sources = join(WORK, "quickjs");
  rmSync(sources, { recursive: true, force: true });
  cpSync(join(crate, "quickjs"), sources, { recursive: true });
  const patched = readFileSync(join(sources, PATCH.file), "utf8").split(PATCH.from);
  if (patched.length !== 2) throw new Error(`${PATCH.file} is not as it was when the patch was written`);
  writeFileSync(join(sources, PATCH.file), patched.join(PATCH.to));
  const objects = SOURCES.map((source) => {
    execFileSync(CLANG, [...TARGET, ...DEFINES, "-c", source, "-o", `${source}.o`], { cwd: sources, stdio: "inherit" });
    return `${source}.o`;
  });
  const own = ["-I.", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", join(ENGINE, "main.c")];
  execFileSync(CLANG, [...TARGET, ...own, ...objects, ...LINK, "-o", "engine.wasm"], {
    cwd: sources,
    stdio: "inherit",
  });
  return join(sources, "engine.wasm");
}

async function bundleRuntime(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(ENGINE, "runtime", "main.ts")],
    bundle: true,
    format: "iife",
    globalName: "runtime",
    target: "es2024",
    minifySyntax: true,
    minifyWhitespace: true,
    write: false,
  });
  return `(function (host) {${outputFiles[0]?.text};return runtime.protocol;})`;
}

if (import.meta.main) {
  ensureToolchains(["c"]);
  const crate = fetchCrate();
  const bare = new Uint8Array(readFileSync(compile(crate)));
  const engine = await prepareEngine(bare, await bundleRuntime());
  mkdirSync(BUILT, { recursive: true });
  writeFileSync(join(BUILT, "javascript.wasm"), engine);
  copyFileSync(join(crate, "quickjs", "LICENSE"), join(BUILT, "LICENSE-quickjs.txt"));
  copyFileSync("/usr/share/doc/wasi-libc/copyright", join(BUILT, "LICENSE-wasi-libc.txt"));
  const [compiler = ""] = execFileSync(CLANG, ["--version"], { encoding: "utf8" }).split("\n");
  const record: EngineBuild = { compiler, crate: CRATE, sources: engineSourcesHash(), module: engineHash() };
  writeFileSync(join(BUILT, "BUILD.json"), `${JSON.stringify(record, undefined, 2)}\n`);
  process.stdout.write(`javascript.wasm: ${engine.length} bytes\n`);
}
