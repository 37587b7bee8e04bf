import { PLAIN_KERNEL, RELAXED_KERNEL } from "./kernel-bytes.ts";

/** Kernel variant: `relaxed` is faster and needs relaxed SIMD; `plain` returns the same results anywhere. */
export type KernelChoice = "relaxed" | "plain";

type Scan = (slot: number, count: number, query: number) => void;

/** The functions of `scripts/recall-kernel.ts`; addresses and slots are plain numbers. */
export interface Kernel {
  readonly layout: (...places: readonly number[]) => void;
  readonly begin: (out: number, max: number) => void;
  readonly found: () => number;
  readonly scan: Scan;
  readonly score: Scan;
  readonly gather: (list: number, count: number, query: number) => void;
  readonly exact: (slot: number, query: number) => number;
  readonly admit: (slot: number) => void;
  readonly unit: (at: number, count: number) => number;
  readonly rotate: (...atCountFactorsStartEnd: readonly [number, number, number, number, number]) => void;
  readonly peak: (at: number, count: number) => number;
  readonly pack: (...atToCountFactorZero: readonly [number, number, number, number, number]) => number;
  readonly distance: (...slotCountTableHistogram: readonly [number, number, number, number]) => void;
  readonly collect: (
    ...slotCountLeastMostListLengthMax: readonly [number, number, number, number, number, number, number]
  ) => number;
}

const NAMES = "layout begin found scan score gather exact admit distance collect unit rotate peak pack".split(" ");

const isKernel = (value: object): value is Kernel =>
  NAMES.every((name) => typeof Reflect.get(value, name) === "function");

const bytesOf = (text: string) => Buffer.from(text, "base64");
const compiled: { [Choice in KernelChoice]?: WebAssembly.Module } = {};

/** Returns the best variant for this machine. */
export const bestKernel = (): KernelChoice => (WebAssembly.validate(bytesOf(RELAXED_KERNEL)) ? "relaxed" : "plain");

/** Instantiates the kernel over a memory. */
export function openKernel(choice: KernelChoice, memory: WebAssembly.Memory): Kernel {
  const module = (compiled[choice] ??= new WebAssembly.Module(
    bytesOf(choice === "relaxed" ? RELAXED_KERNEL : PLAIN_KERNEL),
  ));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  if (!isKernel(exports)) throw new TypeError("the kernel lacks a function");
  return exports;
}
