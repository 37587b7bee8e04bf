import type { ValueType } from "./value-types.ts";

export type FunctionType = { readonly params: readonly ValueType[]; readonly results: readonly ValueType[] };

/** What an import or export is; functions with their type, so that an ABI can be recognised exactly. */
export type Extern =
  | { readonly kind: "function"; readonly type: FunctionType }
  | { readonly kind: "table" | "memory" | "global" | "tag" };

export type ModuleImport = Extern & { readonly module: string; readonly name: string };
export type ModuleExport = Extern & { readonly name: string };

/** Outline of a module, found without running or compiling any of it. Counts include imports unless said otherwise. */
export type ModuleShape = {
  /** Bytes of the file. */
  readonly bytes: number;
  readonly imports: readonly ModuleImport[];
  readonly exports: readonly ModuleExport[];
  /** Pages of 64 KiB at the start and, lowered to the limit, at most; null without memory. */
  readonly memory: { readonly imported: boolean; readonly pagesMin: number; readonly pagesMax: number } | null;
  /** Whether code runs at instantiation; after metering the host runs it, as the export `START_EXPORT`. */
  readonly hasStart: boolean;
  readonly counts: {
    readonly types: number;
    /** Functions with a body. */
    readonly functions: number;
    readonly tables: number;
    readonly globals: number;
    readonly tags: number;
    readonly elementSegments: number;
    readonly elementEntries: number;
    readonly dataSegments: number;
    /** Declared locals of the function that has most. */
    readonly localsLargest: number;
    /** Bytes of the largest function body. */
    readonly bodyBytesLargest: number;
  };
};
