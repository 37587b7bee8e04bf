/**
 * The metering room: what a WebAssembly module goes through before it is compiled.
 *
 * V8 runs WebAssembly at full speed but counts nothing: a loop without end, a memory of gigabytes or a file made to exhaust
 * its compiler would take the process with it. So `scan` looks at a module before V8 sees a byte of it and refuses, by
 * name, what is too much or cannot be bounded; and `meter` rewrites it in one pass so that it pays for what it executes,
 * cannot grow past the limits, and runs nothing before it has been given fuel.
 *
 * Fuel is 1 for an instruction; 2 for a call, 4 for an indirect one; 1 and a quarter of its locals for entering a function;
 * 512 for a page of new memory; 1 for 16 bytes or one table slot of a bulk operation. fuel.ts has the whole definition and
 * what is promised about it, limits.ts the limits and why they are there.
 */
export { ComponentFoundError, ModuleRefusedError, type Refusal } from "./errors.ts";
export { FUEL_EXPORT, METER_VERSION, START_EXPORT } from "./fuel.ts";
export { METER_LIMITS, type MeterLimits } from "./limits.ts";
export { meter, type Metered, scan } from "./meter.ts";
export { kindOf } from "./survey.ts";
