/**
 * The metering room: what a WebAssembly module goes through before it is compiled. `scan` looks at it without V8;
 * `meter` rewrites it so that it uses fuel and keeps to its limits. fuel.ts defines fuel, limits.ts the limits.
 */
export type { MeterReport } from "./code.ts";
export { ComponentFoundError, ModuleRefusedError, type Refusal } from "./errors.ts";
export { FUEL_EXPORT, METER_VERSION, START_EXPORT } from "./fuel.ts";
export { METER_LIMITS, type MeterLimits } from "./limits.ts";
export { meter, type Metered, scan } from "./meter.ts";
export type { Extern, FunctionType, ModuleExport, ModuleImport, ModuleShape } from "./shape.ts";
export { kindOf } from "./survey.ts";
export type { ValueType } from "./value-types.ts";
