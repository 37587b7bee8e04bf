/**
 * Finds the compilers that the tests of `caxton tool build` use, and installs what is missing: `node
 * scripts/ensure-toolchains.ts [c|rust|go …]`. On Debian, as root, C and Rust come from the distribution; Go's own
 * toolchain comes as a module, through any older Go. Says what to do where it cannot, and ends with 1.
 */
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import process, { env, stderr, stdout } from "node:process";

type Toolchain = {
  /** Whether it is there and of an age that will do. */
  readonly isThere: () => boolean;
  /** Debian packages that bring it. */
  readonly packages: readonly string[];
};

const GO_MINOR_MIN = 24;
/** Where a Go that this script installed is. */
const GO_HOMES = ["/usr/local/go/bin/go", "/usr/lib/go/bin/go"];

const present = (pattern: string): boolean => globSync(pattern).length > 0;

/** The minor number of a Go at a path or name; 0 when it does not run. */
function goMinor(go: string): number {
  try {
    const said = execFileSync(go, ["env", "GOVERSION"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return Number(/^go1\.(\d+)/.exec(said)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

const TOOLCHAINS = {
  c: {
    isThere: () =>
      present("/usr/bin/clang") &&
      present("/usr/bin/clang-14") &&
      present("/usr/bin/wasm-ld*") &&
      existsSync("/usr/lib/wasm32-wasi/libc.a") &&
      present("/usr/lib/llvm-*/lib/clang/*/lib/wasi/libclang_rt.builtins-wasm32.a"),
    packages: ["clang", "clang-14", "lld", "wasi-libc", "libclang-rt-dev-wasm32"],
  },
  rust: {
    isThere: () =>
      existsSync("/usr/bin/rustc") && existsSync("/usr/bin/cargo") && present("/usr/lib/rustlib/wasm32-wasi*"),
    packages: ["cargo", "rustc", "libstd-rust-dev-wasm32", "lld"],
  },
  go: { isThere: () => ["go", ...GO_HOMES].some((go) => goMinor(go) >= GO_MINOR_MIN), packages: ["golang-go"] },
} as const satisfies Record<string, Toolchain>;

export type ToolchainName = keyof typeof TOOLCHAINS;
const NAMES: readonly ToolchainName[] = ["c", "rust", "go"];

const isDebian = (): boolean =>
  existsSync("/usr/bin/apt-get") &&
  existsSync("/etc/os-release") &&
  /^ID=debian$/m.test(readFileSync("/etc/os-release", "utf8"));

const apt = (...words: string[]): unknown =>
  execFileSync("/usr/bin/apt-get", ["-qq", ...words], {
    stdio: ["ignore", 2, 2],
    env: { ...env, DEBIAN_FRONTEND: "noninteractive" },
  });

/** Makes sure that compilers are there. Throws an Error that names what to install. */
export function ensureToolchains(names: readonly ToolchainName[] = NAMES): void {
  const missing = names.filter((name) => !TOOLCHAINS[name].isThere());
  const packages = [...new Set(missing.flatMap((name) => TOOLCHAINS[name].packages))];
  if (packages.length > 0 && isDebian() && process.getuid?.() === 0) {
    stderr.write(`installing ${packages.join(", ")}\n`);
    apt("update");
    apt("install", "-y", "--no-install-recommends", ...packages);
  }
  const left = missing.filter((name) => !TOOLCHAINS[name].isThere());
  if (left.length > 0) {
    throw new Error(
      `there is no toolchain for ${left.join(", ")}; on Debian, as root: apt-get install ${[...new Set(left.flatMap((name) => TOOLCHAINS[name].packages))].join(" ")}` +
        (left.includes("go") ? `; Go has to be 1.${GO_MINOR_MIN} or newer` : ""),
    );
  }
}

if (import.meta.main) {
  const asked = NAMES.filter((name) => process.argv.length < 3 || process.argv.slice(2).includes(name));
  try {
    ensureToolchains(asked);
    stdout.write(`toolchains: ${asked.join(", ")}\n`);
  } catch (error) {
    stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
