import type { FileClient, HostBridge, SystemSettings } from "../../wasi/index.ts";
import type { GuestTool, Outcome } from "../../wire/index.ts";

/** What detection looks at: names and kinds, from the module as it came. */
export type ModuleOutline = {
  readonly imports: readonly { readonly module: string; readonly name: string; readonly kind: string }[];
  readonly exports: readonly { readonly name: string; readonly kind: string }[];
};

/** What a guest of any ABI is given: its limits and the ways to run and to end it. */
export interface GuestHost extends HostBridge {
  readonly settings: SystemSettings;
  /** Bytes of memory that the guest may have. */
  readonly memoryBytesMax: number;
  /** Bytes of one answer. */
  readonly resultBytesMax: number;
  readonly files: FileClient;
  /** What the module instantiated last wants to run before anything else; undefined when there is nothing. */
  readonly startFunction: WebAssembly.ExportValue | undefined;
  /**
   * Instantiates a metered module; no guest code runs yet. All modules of one guest live off one budget of fuel, and
   * their memories count together. Throws what V8 throws.
   */
  instantiate(module: WebAssembly.Module, imports: WebAssembly.Imports): GuestExports;
  /**
   * Runs an exported function on a stack of its own, in the guest's turn. Settles when it returns or the instance
   * ends; a function that serves many calls is left running.
   */
  run(exported: WebAssembly.ExportValue | undefined, ...values: readonly unknown[]): Promise<unknown>;
  /**
   * The same with what comes before and after in the same turn: `begin` gives the arguments, `finish` makes of what the
   * function returns what the promise resolves with. Either may use `plain`; what they throw is what the promise rejects
   * with.
   */
  runWithin<Result>(
    exported: WebAssembly.ExportValue | undefined,
    begin: () => readonly unknown[],
    finish: (returned: unknown) => Result,
  ): Promise<Result>;
  /**
   * Runs an exported function on our own stack, in the turn that the guest has. Only for a guest none of whose imports
   * can wait. When it fails the instance is ended, and this throws.
   */
  plain(exported: WebAssembly.ExportValue | undefined, ...values: readonly unknown[]): unknown;
  /**
   * Runs an exported function from inside an import that suspends, in the turn that the guest has already: its allocator,
   * for what an import answers, or another of its modules. When it fails the instance is ended.
   */
  enter(exported: WebAssembly.ExportValue | undefined, ...values: readonly unknown[]): Promise<unknown>;
  /** Ends the instance: the running call ends with this outcome. From inside an import, throw the returned error. */
  end(outcome: Outcome, detail: string): Error;
  /** Says that the guest has ended itself, having done what it was asked: the instance is used no more. From inside an import, throw what this returns. */
  finish(): Error;
  log(bytes: Uint8Array): void;
}

export type GuestExports = { readonly [name: string]: WebAssembly.ExportValue };

/** A tool's answer, already checked for size and shape. */
export type GuestContent =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "file"; readonly name: string; readonly mediaType: string; readonly text: string };
export type GuestAnswer =
  | { readonly type: "done"; readonly content: readonly GuestContent[]; readonly structured: unknown }
  | { readonly type: "tool-error"; readonly text: string };

/** One live instance as its ABI speaks to it. One method at a time; each rejects when the instance ends first. */
export interface Guest {
  /** Runs what the module runs at its start, until it can take calls. */
  start(): Promise<void>;
  /** At most `toolsMax` of them. `declared` are those of the manifest, for a module that does not describe its own. */
  listTools(toolsMax: number, declared: readonly GuestTool[]): Promise<readonly GuestTool[]>;
  /** `argumentsText` is the UTF-8 JSON text of an object. */
  call(tool: string, argumentsText: Uint8Array): Promise<GuestAnswer>;
  /** Forgets what belonged to the call: files that it left open. */
  endCall(): void;
}

/** A way in which a module can be a tool server. */
export interface GuestAbi {
  readonly name: string;
  /** Whether a core module is of this kind; of a component it is not asked. */
  accepts(outline: ModuleOutline): boolean;
  /** Compiles what a build made of the module; what it returns makes one live instance. Throws what V8 throws. */
  load(bytes: Uint8Array): Opener;
}
export type Opener = (host: GuestHost) => Guest;

/** What most ABIs load: one module. */
export const compiled =
  (open: (host: GuestHost, module: WebAssembly.Module) => Guest) =>
  (bytes: Uint8Array): Opener => {
    // A view of a larger buffer will not do.
    const module = new WebAssembly.Module(new Uint8Array(bytes));
    return (host) => open(host, module);
  };
