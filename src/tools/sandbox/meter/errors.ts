import { CaxtonError } from "../../../kernel/errors.ts";
import { type Feature, FEATURES } from "./features.ts";
import type { MeterLimits } from "./limits.ts";

/** Why a module was refused, as data. `offset` is the byte of the file at which it was noticed. */
export type Refusal =
  /** Not a WebAssembly module, cut short, or its bytes contradict each other. */
  | { readonly reason: "malformed"; readonly what: string; readonly offset: number }
  /** More of something than `MeterLimits` allows; `what` is the name of the limit. */
  | {
      readonly reason: "limit";
      readonly what: keyof MeterLimits;
      readonly offset: number;
      readonly limit: number;
      readonly found: number;
    }
  /** A WebAssembly feature that cannot be metered or bounded. */
  | { readonly reason: "feature"; readonly what: Feature; readonly offset: number }
  /** An export that would hide one of the meter's own. */
  | { readonly reason: "reserved-name"; readonly what: string; readonly offset: number }
  /** Well-formed, but V8 does not accept it; `what` is V8's reason. */
  | { readonly reason: "invalid"; readonly what: string };

/** A module that will not be run: its file has to change, or the operator's limits. */
export class ModuleRefusedError extends CaxtonError<Refusal> {
  readonly code = "MODULE_REFUSED";
  readonly kind = "rejected";
}

/** The file is a WebAssembly component, which has to be taken apart into its core modules before those are metered. */
export class ComponentFoundError extends CaxtonError {
  readonly code = "MODULE_IS_COMPONENT";
  readonly kind = "rejected";
  constructor() {
    super(
      "the file is a WebAssembly component, not a core module",
      "Build for a core target such as wasm32-wasip1, or take the core module out of the component.",
      {},
    );
  }
}

export const malformed = (what: string, offset: number): ModuleRefusedError =>
  new ModuleRefusedError(
    `the module is damaged at byte ${offset}: ${what}`,
    "Build or download the file again; `wasm-tools validate` shows more.",
    { reason: "malformed", what, offset },
  );

export const unsupported = (feature: Feature, offset: number): ModuleRefusedError =>
  new ModuleRefusedError(
    `the module uses ${feature} (byte ${offset}), which the sandbox does not run`,
    FEATURES[feature],
    { reason: "feature", what: feature, offset },
  );

export const reservedName = (name: string, offset: number): ModuleRefusedError =>
  new ModuleRefusedError(
    `the module exports "${name}" (byte ${offset}); names that begin with "__caxton" belong to the sandbox`,
    "Rename the export.",
    { reason: "reserved-name", what: name, offset },
  );

export const invalid = (what: string): ModuleRefusedError =>
  new ModuleRefusedError(
    `the module is not valid WebAssembly: ${what}`,
    "Build the file again with a current toolchain; `wasm-tools validate` shows more.",
    { reason: "invalid", what },
  );
