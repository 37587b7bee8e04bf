import { malformed, unsupported } from "./errors.ts";
import { type MeterLimits, withinLimit } from "./limits.ts";
import type { Reader } from "./binary/reader.ts";
import type { Extern, FunctionType, ModuleExport, ModuleImport } from "./binary/shape.ts";
import { readBounds } from "./binary/value-types.ts";

/** Bounds of a memory or table in the file, and what they become: always a maximum, never above the limit. */
export type BoundsField = {
  readonly start: number;
  readonly end: number;
  readonly min: number;
  readonly max: number;
};

export type FunctionExport = { readonly index: number; readonly start: number; readonly end: number };

/** One function of the file. `index` is its number, imported ones counted; `localsAt` is where its groups of locals begin, after their count; `codeAt` where they end. */
export type Body = {
  readonly index: number;
  readonly params: number;
  readonly locals: number;
  readonly localGroups: number;
  readonly localsAt: number;
  readonly codeAt: number;
  readonly end: number;
};

/** What the sections said so far; filled by one reader a section, in the file's order. */
export class Draft {
  readonly limits: MeterLimits;
  readonly types: FunctionType[] = [];
  readonly imports: ModuleImport[] = [];
  readonly exports: ModuleExport[] = [];
  /** Type number of each function, imported ones first. */
  readonly functionTypes: number[] = [];
  readonly bodies: Body[] = [];
  /** In the file's order, over the import, table and memory sections. */
  readonly bounds: BoundsField[] = [];
  memory: { imported: boolean; pagesMin: number; pagesMax: number } | null = null;
  importedFunctions = 0;
  tables = 0;
  globals = 0;
  tags = 0;
  startFunction: number | null = null;
  /**
   * Functions that can be reached by other ways than direct calls and exports: in tables, by references, at the start.
   */
  readonly referredFunctions = new Set<number>();
  /** Exports of functions, with the place of their numbers in the file. */
  readonly exportedFunctions: FunctionExport[] = [];
  elementSegments = 0;
  elementEntries = 0;
  dataSegments = 0;
  announcedDataSegments: number | null = null;
  localsLargest = 0;
  bodyBytesLargest = 0;

  constructor(limits: MeterLimits) {
    this.limits = limits;
  }

  /** A count that stands at the head of a section; refused over its limit before anything is held for it. */
  count(reader: Reader, limit: keyof MeterLimits, already = 0): number {
    const offset = reader.at;
    const count = reader.u32();
    withinLimit(this.limits, limit, already + count, offset);
    return count;
  }

  name(reader: Reader): string {
    const offset = reader.at;
    const bytes = reader.u32();
    withinLimit(this.limits, "nameBytesMax", bytes, offset);
    return reader.text(bytes);
  }

  addFunction(reader: Reader): FunctionType {
    const offset = reader.at;
    const index = reader.u32();
    const type = this.types[index];
    if (type === undefined) throw malformed(`there is no type ${index}`, offset);
    this.functionTypes.push(index);
    return type;
  }

  addMemory(reader: Reader, imported: boolean): void {
    if (this.memory !== null) throw unsupported("more than one memory", reader.at);
    const { min, max } = this.#addBounds(reader, "memory");
    this.memory = { imported, pagesMin: min, pagesMax: max };
  }

  addTable(reader: Reader): void {
    withinLimit(this.limits, "tablesMax", this.tables + 1, reader.at);
    this.#addBounds(reader, "table");
    this.tables += 1;
  }

  #addBounds(reader: Reader, what: "memory" | "table"): BoundsField {
    const limit = what === "memory" ? "memoryPagesMax" : "tableSlotsMax";
    const start = reader.at;
    const { min, max } = readBounds(reader, what);
    withinLimit(this.limits, limit, min, start);
    const field = { start, end: reader.at, min, max: Math.min(max ?? this.limits[limit], this.limits[limit]) };
    this.bounds.push(field);
    return field;
  }

  /** What an export of that kind and number is. */
  extern(kind: Extern["kind"], index: number, offset: number): Extern {
    if (kind !== "function") return { kind };
    const type = this.types[this.functionTypes[index] ?? -1];
    if (type === undefined) throw malformed(`there is no function ${index}`, offset);
    return { kind, type };
  }
}
