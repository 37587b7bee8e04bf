import { ModuleRefusedError } from "./errors.ts";

/**
 * What one module may contain. Counts include imports unless said otherwise; each refusal names its limit.
 * The numbers stand well above every module of a corpus of some sixty (C, Rust, Go, Haskell, JavaScript engines), and
 * far below what makes V8 slow, huge or dead: it never frees a function type and dies of two million, ten tables of ten
 * million slots take gigabytes, and one function of a megabyte takes its optimiser a quarter of one.
 */
export type MeterLimits = {
  /** Bytes of the file. */
  readonly moduleBytesMax: number;
  /** Function types. */
  readonly typesMax: number;
  /** Parameters of one type, and results of one type: a branch may move this many values for the price of one. */
  readonly signatureValuesMax: number;
  readonly importsMax: number;
  readonly exportsMax: number;
  /** Bytes of one import or export name. */
  readonly nameBytesMax: number;
  /** Functions with a body. */
  readonly functionsMax: number;
  /** Bytes of one function body, as it comes. */
  readonly bodyBytesMax: number;
  /** Bytes of one function body with its fuel accounting, since that is what V8 compiles. */
  readonly meteredBodyBytesMax: number;
  /** Declared locals of one function, its parameters not counted. */
  readonly localsMax: number;
  readonly tablesMax: number;
  /** Slots of one table, now or ever: a larger minimum is refused, a larger maximum is lowered. */
  readonly tableSlotsMax: number;
  /** Pages of 64 KiB of memory, now or ever: a larger minimum is refused, a larger maximum is lowered. */
  readonly memoryPagesMax: number;
  readonly globalsMax: number;
  readonly tagsMax: number;
  /** Bytes of one constant expression (a global's value, a segment's place). */
  readonly constantBytesMax: number;
  readonly elementSegmentsMax: number;
  /** Entries of all element segments together; instantiation writes them without fuel. */
  readonly elementEntriesMax: number;
  readonly dataSegmentsMax: number;
};

const KIB = 1024;
const MIB = 1024 * KIB;

export const METER_LIMITS: MeterLimits = {
  moduleBytesMax: 32 * MIB,
  typesMax: 1_024,
  signatureValuesMax: 128,
  importsMax: 1_024,
  exportsMax: 4_096,
  nameBytesMax: 1 * KIB,
  functionsMax: 50_000,
  bodyBytesMax: 512 * KIB,
  meteredBodyBytesMax: 1 * MIB,
  localsMax: 10_000,
  tablesMax: 8,
  tableSlotsMax: 100_000,
  memoryPagesMax: 1_024,
  globalsMax: 10_000,
  tagsMax: 64,
  constantBytesMax: 256,
  elementSegmentsMax: 100_000,
  elementEntriesMax: 200_000,
  dataSegmentsMax: 100_000,
};

/** The limits, none above where V8 itself ends less the room for what is added: higher ones would make invalid modules. */
export const withinV8 = (limits: MeterLimits): MeterLimits => ({
  ...limits,
  meteredBodyBytesMax: Math.min(limits.meteredBodyBytesMax, 7_654_321),
  localsMax: Math.min(limits.localsMax, 48_000),
  tableSlotsMax: Math.min(limits.tableSlotsMax, 10_000_000),
  memoryPagesMax: Math.min(limits.memoryPagesMax, 65_536),
  functionsMax: Math.min(limits.functionsMax, 900_000),
  globalsMax: Math.min(limits.globalsMax, 999_999),
  exportsMax: Math.min(limits.exportsMax, 99_998),
});

const WORDS: { readonly [Limit in keyof MeterLimits]: string } = {
  moduleBytesMax: "bytes of the file",
  typesMax: "function types",
  signatureValuesMax: "parameters or results in one function type",
  importsMax: "imports",
  exportsMax: "exports",
  nameBytesMax: "bytes in an import or export name",
  functionsMax: "functions",
  bodyBytesMax: "bytes in one function body",
  meteredBodyBytesMax: "bytes in one function body with its fuel accounting",
  localsMax: "locals in one function",
  tablesMax: "tables",
  tableSlotsMax: "slots in a table at the start",
  memoryPagesMax: "pages of memory at the start",
  globalsMax: "globals",
  tagsMax: "exception tags",
  constantBytesMax: "bytes in one constant expression",
  elementSegmentsMax: "element segments",
  elementEntriesMax: "entries in element segments",
  dataSegmentsMax: "data segments",
};

const FIXED = "The sandbox sets this limit; no setting raises it.";
const ADVICE: { readonly [Limit in keyof MeterLimits]?: string } = {
  moduleBytesMax: `Build for size and strip debug information. ${FIXED}`,
  typesMax: `Remove unused code, or build with another language or toolchain. ${FIXED}`,
  bodyBytesMax: `Build with less inlining, or split the function. ${FIXED}`,
  meteredBodyBytesMax: `Build with less inlining, or split the function. ${FIXED}`,
  memoryPagesMax: "Link with a smaller initial memory, or raise limits.memory_mib in its tool.toml.",
};

/** Refuses when `found` is over the limit of that name. `offset` is where the module says so. */
export function withinLimit(limits: MeterLimits, what: keyof MeterLimits, found: number, offset: number): void {
  const limit = limits[what];
  if (found <= limit) return;
  throw new ModuleRefusedError(
    `the module has ${found} ${WORDS[what]} (byte ${offset}), more than the ${limit} allowed`,
    ADVICE[what] ?? `Make the module smaller. ${FIXED}`,
    { reason: "limit", what, offset, limit, found },
  );
}
