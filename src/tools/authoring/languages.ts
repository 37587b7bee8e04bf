import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bundle } from "./bundle.ts";
import { CompileFailedError, CompilerMissingError } from "./errors.ts";
import { loadProgram } from "./javascript-engine.ts";
import { cSources, type LanguageName, type ToolProject } from "./project.ts";
import { compilePython } from "./python.ts";
import { runProgram } from "./run-program.ts";

export type BuildEnvironment = {
  /** The directory of the package, with `engines/` in it. */
  readonly packageDirectory: string;
  /** Said while something takes its time. */
  readonly report: (what: string) => void;
  /** Directory for compiled modules of the test harness; default: none. */
  readonly cacheDirectory?: string | undefined;
  readonly signal: AbortSignal;
};

type Compile = (project: ToolProject, environment: BuildEnvironment) => Promise<Uint8Array>;

const missing = (what: string, hint: string): CompilerMissingError => new CompilerMissingError(what, hint, {});

const javascript: Compile = async ({ directory, entry }, { packageDirectory, report }) => {
  report(`bundling ${entry}`);
  const [engine, { program, places }] = await Promise.all([
    readFile(join(packageDirectory, "engines", "built", "javascript.wasm")),
    bundle(directory, entry),
  ]);
  const loaded = await loadProgram(new Uint8Array(engine), program, places);
  if (loaded.type === "failed") throw new CompileFailedError(loaded.message, "", { entry });
  return loaded.module;
};

const assemblyScript: Compile = async ({ directory }, { signal, report }) => {
  const compiler = join(directory, "node_modules", "assemblyscript", "bin", "asc.js");
  if (!existsSync(compiler)) {
    throw missing("the AssemblyScript compiler is not there", `install it: npm install   (in ${directory})`);
  }
  report("compiling AssemblyScript");
  const words = [compiler, "assembly/index.ts", "--target", "release"];
  await runProgram(process.execPath, words, { directory, signal });
  return readFile(join(directory, "build", "module.wasm"));
};

const RUST_TARGETS = ["wasm32-wasip1", "wasm32-wasi"];

/** A Rust that has WebAssembly's standard library: the first on PATH may be one that has not. */
async function findRust(directory: string, signal: AbortSignal): Promise<readonly [place: string, target: string]> {
  for (const place of ["", "/usr/bin/"]) {
    const root = await runProgram(`${place}rustc`, ["--print", "sysroot"], { directory, signal }).catch(
      () => undefined,
    );
    const target = RUST_TARGETS.find((name) => existsSync(join(root?.trim() ?? "", "lib", "rustlib", name)));
    if (root !== undefined && target !== undefined) return [place, target];
  }
  throw missing(
    "there is no Rust that compiles to WebAssembly on this machine",
    "install it: rustup target add wasm32-wasip1   or, on Debian: apt-get install cargo rustc libstd-rust-dev-wasm32 lld",
  );
}

const rust: Compile = async ({ directory }, { signal, report }) => {
  const [place, target] = await findRust(directory, signal);
  report("compiling Rust");
  const words = ["build", "--release", "--quiet", "--target", target, "--target-dir", "target"];
  const environment = { RUSTC: `${place}rustc` };
  const done = await runProgram(`${place}cargo`, words, { directory, signal, environment });
  if (done === undefined) throw missing("cargo is not on this machine", "it comes with Rust: https://rustup.rs");
  return readFile(join(directory, "target", target, "release", "tool.wasm"));
};

const GO_MINOR_MIN = 21;
const GO_PLACES = ["go", "/usr/local/go/bin/go", "/usr/lib/go/bin/go"];

async function findGo(directory: string, signal: AbortSignal): Promise<string> {
  const environment = { GOTOOLCHAIN: "local", GOFLAGS: "" };
  for (const go of GO_PLACES) {
    const said = await runProgram(go, ["env", "GOVERSION"], { directory, signal, environment }).catch(() => undefined);
    if (Number(/^go1\.(\d+)/.exec(said ?? "")?.[1] ?? 0) >= GO_MINOR_MIN) return go;
  }
  throw missing(`there is no Go 1.${GO_MINOR_MIN} or newer on this machine`, "install it: https://go.dev/dl");
}

const go: Compile = async ({ directory }, { signal, report }) => {
  const program = await findGo(directory, signal);
  report("compiling Go");
  const environment = { GOOS: "wasip1", GOARCH: "wasm", GOTOOLCHAIN: "local" };
  const words = ["build", "-trimpath", "-ldflags=-s -w", "-o", "build/module.wasm", "."];
  await runProgram(program, words, { directory, signal, environment });
  return readFile(join(directory, "build", "module.wasm"));
};

const C_MISSING =
  "install clang, lld and wasi-libc (on Debian: apt-get install clang lld wasi-libc libclang-rt-dev-wasm32), or the WASI SDK with its clang on PATH";

const c: Compile = async ({ directory, entry }, { signal, report }) => {
  report("compiling C");
  const sources = cSources(join(directory, entry)).map((file) => join(entry, file));
  const output = join("build", "module.wasm");
  await runProgram("mkdir", ["-p", "build"], { directory, signal });
  const words = ["--target=wasm32-wasi", "-mexec-model=reactor", "-O2", "-s", "-Wall", "-o", output, ...sources];
  try {
    const done = await runProgram("clang", words, { directory, signal });
    if (done === undefined) throw missing("there is no clang on this machine", C_MISSING);
  } catch (error) {
    const noLibrary =
      error instanceof CompileFailedError && /crt1|'stdio\.h' file not found|-lc\b|wasm-ld/.test(error.message);
    if (noLibrary)
      throw new CompilerMissingError(`clang cannot make WebAssembly here: ${error.message}`, C_MISSING, {});
    throw error;
  }
  return readFile(join(directory, output));
};

const python: Compile = ({ directory, entry }, { signal, report }) => {
  report("putting the program and CPython into a component, which takes up to a minute");
  return compilePython({ directory, entry, signal });
};

/** The module of a project, compiled by its language's own compiler. Throws CompilerMissingError, CompileFailedError, CancelledError. */
export const compile: Compile = (project, environment) => COMPILERS[project.language](project, environment);

const COMPILERS: Readonly<Record<LanguageName, Compile>> = {
  ts: javascript,
  js: javascript,
  as: assemblyScript,
  rust,
  go,
  c,
  python,
};
