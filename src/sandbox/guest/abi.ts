import type { FileClient, Gate, SystemSettings } from "../wasi/index.ts";
import type { GuestTool, Outcome } from "../wire/index.ts";

/** What detection looks at: names and kinds, from the module as it came. */
export type ModuleOutline = {
  readonly imports: readonly { readonly module: string; readonly name: string; readonly kind: string }[];
  readonly exports: readonly { readonly name: string; readonly kind: string }[];
};

/** What a guest of any ABI is given: its module, its limits and the ways to run and to end it. */
export interface GuestHost extends Gate {
  readonly module: WebAssembly.Module;
  readonly settings: SystemSettings;
  /** Bytes of one answer. */
  readonly resultBytesMax: number;
  readonly files: FileClient;
  /** What the module wants to run before anything else; undefined when there is nothing, or before `instantiate`. */
  readonly startFunction: WebAssembly.ExportValue | undefined;
  /** Instantiates the module; no guest code runs yet. Throws what V8 throws. */
  instantiate(imports: WebAssembly.Imports): { readonly [name: string]: WebAssembly.ExportValue };
  /**
   * Runs an exported function on a stack of its own, in the guest's turn. Settles when it returns or the instance
   * ends; a function that serves many calls is left running.
   */
  run(exported: WebAssembly.ExportValue | undefined, ...values: readonly unknown[]): Promise<unknown>;
  /** Ends the instance: the call under way ends as said. From inside an import, throw what this returns. */
  end(outcome: Outcome, detail: string): Error;
  /** Says that the guest has ended itself, having done what it was asked: the instance is used no more. From inside an import, throw what this returns. */
  finish(): Error;
  log(bytes: Uint8Array): void;
}

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
  /** At most `toolsMax` of them. */
  listTools(toolsMax: number): Promise<readonly GuestTool[]>;
  /** `argumentsText` is the UTF-8 JSON text of an object. */
  call(tool: string, argumentsText: Uint8Array): Promise<GuestAnswer>;
  /** Forgets what belonged to the call: files that it left open. */
  endCall(): void;
}

/** A way in which a module can be a tool server. */
export interface GuestAbi {
  readonly name: string;
  accepts(outline: ModuleOutline): boolean;
  open(host: GuestHost): Guest;
}
