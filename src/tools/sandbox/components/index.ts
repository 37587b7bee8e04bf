/**
 * WebAssembly components without generated code. A build takes a component apart into core modules and a plan, which is
 * data; a sandbox child follows the plan, and converts values as the component model's canonical ABI prescribes.
 */
export { decodeBundle, encodeBundle } from "./bundle.ts";
export { type Canon, CanonFault, err, isTagged, NONE, ok, some, type Tagged } from "./canon.ts";
export { ComponentRefusedError } from "./errors.ts";
export { Handles } from "./handles.ts";
export { ArgumentError, JsonValues } from "./json-values.ts";
export { FLAT_RESULTS_MAX, Layouts } from "./layout.ts";
export { Lift } from "./lift.ts";
export { isSingle, Lower } from "./lower.ts";
export type { CanonOptions, ComponentExport, CoreItem, HostImport, Plan } from "./plan.ts";
export { type ComponentTool, runExport, toolsOf } from "./schema.ts";
export { decomposeComponent } from "./decompose-component.ts";
