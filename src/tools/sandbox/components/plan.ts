/**
 * A component taken apart: its core modules, the order in which they are instantiated, what each is given, and what is
 * exported, all as data. A build makes it; a sandbox child follows it. No code is generated from a component.
 */

export const PRIMITIVES = [
  "bool",
  "s8",
  "u8",
  "s16",
  "u16",
  "s32",
  "u32",
  "s64",
  "u64",
  "f32",
  "f64",
  "char",
  "string",
] as const;
export type Primitive = (typeof PRIMITIVES)[number];

/** Place of a type in a plan; types come after those that they are made of. */
export type TypeIndex = number;
export type ValueType =
  | { readonly kind: Primitive }
  | { readonly kind: "list"; readonly element: TypeIndex }
  | { readonly kind: "record"; readonly fields: readonly (readonly [name: string, type: TypeIndex])[] }
  | { readonly kind: "tuple"; readonly items: readonly TypeIndex[] }
  | { readonly kind: "variant"; readonly cases: readonly (readonly [name: string, type: TypeIndex | null])[] }
  | { readonly kind: "enum" | "flags"; readonly names: readonly string[] }
  | { readonly kind: "option"; readonly some: TypeIndex }
  | { readonly kind: "result"; readonly ok: TypeIndex | null; readonly error: TypeIndex | null }
  | { readonly kind: "own" | "borrow"; readonly resource: number };

export type FunctionType = {
  readonly parameters: readonly (readonly [name: string, type: TypeIndex])[];
  readonly result: TypeIndex | null;
};

export type Encoding = "utf8" | "utf16" | "latin1+utf16";
export type CanonOptions = {
  readonly encoding: Encoding;
  readonly memory: CoreItem | null;
  readonly realloc: CoreItem | null;
  readonly postReturn: CoreItem | null;
};

/** Something that a core module is given, or that is taken from one. */
export type CoreItem =
  | { readonly type: "export"; readonly instance: number; readonly name: string }
  /** A function of the host; `import` is its place in the plan. */
  | { readonly type: "lowered"; readonly import: number; readonly options: CanonOptions }
  /** A function of another component inside of this one, which crosses from one module to another. */
  | {
      readonly type: "called";
      readonly signature: FunctionType;
      readonly function: CoreItem;
      readonly calleeOptions: CanonOptions;
      readonly options: CanonOptions;
    }
  | { readonly type: "resource"; readonly operation: "new" | "drop" | "rep"; readonly resource: number };

export type CoreArgument =
  | { readonly type: "instance"; readonly instance: number }
  | { readonly type: "items"; readonly items: readonly (readonly [name: string, item: CoreItem])[] };

export type HostImport = FunctionType & { readonly interface: string; readonly name: string };
export type ComponentExport = FunctionType & {
  /** Empty for a function that is exported directly. */
  readonly interface: string;
  readonly name: string;
  readonly description: string;
  readonly function: CoreItem;
  readonly options: CanonOptions;
};

export type Plan = {
  readonly types: readonly ValueType[];
  /** A resource of the host has a name, such as `wasi:io/streams#input-stream`; one of the component may have a destructor. */
  readonly resources: readonly { readonly name: string; readonly destructor: CoreItem | null }[];
  /** Each with the core module's number. */
  readonly instances: readonly {
    readonly module: number;
    readonly arguments: readonly (readonly [name: string, argument: CoreArgument])[];
  }[];
  readonly imports: readonly HostImport[];
  readonly exports: readonly ComponentExport[];
};

/** An interface's name without its version: `wasi:io/streams`. */
export const withoutVersion = (name: string): string => name.replace(/@.*$/, "");
