/** V8's WebAssembly, as far as Caxton uses it. TypeScript has it only together with the whole of a browser. */
declare namespace WebAssembly {
  type ImportExportKind = "function" | "table" | "memory" | "global" | "tag";
  type ValueType = "i32" | "i64" | "f32" | "f64" | "v128" | "externref" | "anyfunc";
  type Callable = (...values: readonly unknown[]) => unknown;
  type ExportValue = Callable | Global | Memory | Table | Tag;
  type Imports = { readonly [module: string]: { readonly [name: string]: unknown } };

  class Module {
    constructor(bytes: ArrayBufferView | ArrayBuffer);
    static imports(
      module: Module,
    ): { readonly module: string; readonly name: string; readonly kind: ImportExportKind }[];
    static exports(module: Module): { readonly name: string; readonly kind: ImportExportKind }[];
  }

  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: { readonly [name: string]: ExportValue };
  }

  class Global {
    constructor(type: { readonly value: ValueType; readonly mutable?: boolean }, value?: unknown);
    value: unknown;
  }

  class Memory {
    /** Pages of 64 KiB. */
    constructor(pages: { readonly initial: number; readonly maximum?: number });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }

  class Table {
    constructor(slots: {
      readonly element: "anyfunc" | "externref";
      readonly initial: number;
      readonly maximum?: number;
    });
    readonly length: number;
    get(slot: number): unknown;
    set(slot: number, value?: unknown): void;
    grow(slots: number, value?: unknown): number;
  }

  class Tag {
    readonly [Symbol.toStringTag]: "WebAssembly.Tag";
    constructor(type: { readonly parameters: readonly ValueType[] });
  }

  class Exception {
    constructor(tag: Tag, payload: readonly unknown[]);
    is(tag: Tag): boolean;
    getArg(tag: Tag, index: number): unknown;
  }

  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}

  /** A host function that a guest waits for, when it returns a promise. */
  class Suspending {
    readonly [Symbol.toStringTag]: "WebAssembly.Suspending";
    constructor(body: (...values: never[]) => unknown);
  }

  /** An exported function run on a stack of its own, so that it can wait. */
  function promising(exported: Callable): (...values: readonly unknown[]) => Promise<unknown>;

  function validate(bytes: ArrayBufferView | ArrayBuffer): boolean;
  function compile(bytes: ArrayBufferView | ArrayBuffer): Promise<Module>;
  function instantiate(module: Module, imports?: Imports): Promise<Instance>;
}
