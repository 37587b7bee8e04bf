/**
 * Features of WebAssembly that are not run, and what to do instead. V8 runs most of them; here they would let a guest hold
 * what no limit reaches (objects of V8's own heap), use memory that is not counted, or come out differently on another
 * machine.
 */
const SINGLE_THREADED =
  "Compile for one thread: without -pthread and -matomics; in Rust for wasm32-wasip1, not wasm32-wasip1-threads, and without +atomics.";
const NO_GC =
  "Compile with a toolchain that keeps its data in linear memory (C, C++, Rust, Go, TinyGo, Zig, AssemblyScript); wasm-opt --disable-gc shows what needs it. Kotlin/Wasm, Dart and J2CL cannot do without.";
const NO_TYPED_REFERENCES =
  "Compile without typed function references (wasm-opt --disable-gc): plain funcref and call_indirect are run.";

export const FEATURES = {
  "garbage-collected types": NO_GC,
  "typed function references": NO_TYPED_REFERENCES,
  "tables with an initialiser": NO_TYPED_REFERENCES,
  "threads (atomic instructions)": SINGLE_THREADED,
  "shared memory (threads)": `${SINGLE_THREADED} Link without --shared-memory.`,
  "shared table (threads)": SINGLE_THREADED,
  "shared globals (threads)": SINGLE_THREADED,
  "a 64-bit memory": "Compile for wasm32, not wasm64: clang --target=wasm32-wasi, Emscripten without -sMEMORY64.",
  "a 64-bit table": "Compile for wasm32, not wasm64: clang --target=wasm32-wasi, Emscripten without -sMEMORY64.",
  "more than one memory":
    "Link everything into one memory; wasm-opt --multi-memory-lowering does it for a finished module.",
  "custom page sizes": "Link with pages of 64 KiB, the default: without --page-size.",
  "relaxed SIMD":
    "Compile with -mno-relaxed-simd (Rust: -C target-feature=-relaxed-simd). Plain SIMD, -msimd128, is run.",
  "half-precision floats": "Compile with -mno-fp16.",
  "wide arithmetic": "Compile with -mno-wide-arithmetic (Rust: -C target-feature=-wide-arithmetic).",
  "stack switching": "Compile without stack switching; Asyncify (wasm-opt --asyncify) does without it.",
  "tables of exceptions": "Keep exceptions in locals: a table may have slots of funcref or externref.",
} as const satisfies { readonly [feature: string]: string };

export type Feature = keyof typeof FEATURES;
