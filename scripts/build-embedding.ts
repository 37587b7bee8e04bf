/**
 * Builds the kernels of the embedding runtime, `engines/built/embedding-*.wasm`: `npx node scripts/build-embedding.ts`. They
 * are committed, so only who changes `engines/embedding` needs the AssemblyScript compiler; a test compiles them again and
 * compares.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath } from "node:process";
import { ASSEMBLY_SCRIPT_MODULES, ensureToolchains } from "./ensure-toolchains.ts";

const ROOT = join(import.meta.dirname, "..");
const SOURCE = join(ROOT, "engines", "embedding", "kernel.ts");

const COMPILER = join(ASSEMBLY_SCRIPT_MODULES, "assemblyscript", "bin", "asc.js");
const SETTINGS = ["-O3", "--noAssert", "--runtime", "stub", "--importMemory", "--maximumMemory", "65536"];
/** Vectors cross no boundary of the module, only those of its sources. */
const QUIET = ["--disableWarning", "112"];

/** With and without the instructions of relaxed SIMD. */
const KERNELS = { relaxed: "simd,relaxed-simd", plain: "simd" } as const;
export const KERNEL_NAMES = ["relaxed", "plain"] as const satisfies readonly (keyof typeof KERNELS)[];
type KernelName = keyof typeof KERNELS;

/** Where a kernel is kept. */
export const kernelFile = (name: KernelName): string => join(ROOT, "engines", "built", `embedding-${name}.wasm`);

/** Compiles a kernel. Needs the AssemblyScript compiler, see `ensureToolchains`. */
export function compileKernel(name: KernelName): Buffer {
  const directory = mkdtempSync(join(tmpdir(), "caxton-kernel-"));
  const out = join(directory, "kernel.wasm");
  try {
    const words = [COMPILER, SOURCE, ...SETTINGS, ...QUIET, "--enable", KERNELS[name], "--outFile", out];
    execFileSync(execPath, words, { stdio: ["ignore", 2, 2] });
    return readFileSync(out);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  ensureToolchains(["as"]);
  for (const name of KERNEL_NAMES) writeFileSync(kernelFile(name), compileKernel(name));
}
