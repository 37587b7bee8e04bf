import { type Callees, surveyCallees } from "./callees.ts";
import { CodeMeter, type MeterReport } from "./code.ts";
import { invalid } from "./errors.ts";
import { FUEL_EXPORT, START_EXPORT } from "./fuel.ts";
import { METER_LIMITS, type MeterLimits, withinV8 } from "./limits.ts";
import { Reader } from "./binary/reader.ts";
import { SECTIONS } from "./binary/sections.ts";
import type { ModuleShape } from "./binary/shape.ts";
import { PREAMBLE_BYTES, survey, type Survey } from "./survey.ts";
import { I64 } from "./binary/value-types.ts";
import { Writer } from "./binary/writer.ts";

export type Metered = {
  /** The module to compile. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly shape: ModuleShape;
  readonly report: MeterReport;
};

/** Room for the body of most functions; it grows for the others. */
const BODY_CAPACITY = 64 * 1024;

const SECTION = { import: 2, function: 3, table: 4, memory: 5, global: 6, export: 7, start: 8, code: 10 } as const;
const KIND = { function: 0, global: 3 } as const;
const END = 0x0b;
const I64_CONST = 0x42;
const VARIABLE = 1;
const HAS_MAXIMUM = 1;

/** The outline of a module, without handing V8 a byte of it. Throws ModuleRefusedError, or ComponentFoundError. */
export const scan = (bytes: Uint8Array, limits: MeterLimits = METER_LIMITS): ModuleShape =>
  survey(bytes, withinV8(limits)).shape;

/**
 * Rewrites a module so that it uses fuel as fuel.ts defines, cannot grow past the limits, runs nothing at instantiation,
 * and carries no custom sections. Throws as `scan` does; a module that V8 would not accept is refused too.
 *
 * The order is what makes it safe. Counts come first, because some kill V8. Then V8 judges the module as it came, because
 * the fuel has the number of a global that does not exist there: an instruction that writes that global is refused now,
 * and would be valid afterwards.
 */
export function meter(bytes: Uint8Array<ArrayBuffer>, limits: MeterLimits = METER_LIMITS): Metered {
  const sound = withinV8(limits);
  const surveyed = survey(bytes, sound);
  refuseInvalid(bytes);
  return rewrite(surveyed, sound);
}

function refuseInvalid(bytes: Uint8Array<ArrayBuffer>): void {
  if (WebAssembly.validate(bytes)) return;
  try {
    // Only compiling says why; V8 stops at the same fault as before.
    void new WebAssembly.Module(bytes);
  } catch (error) {
    throw invalid(error instanceof Error ? error.message.replace(/^WebAssembly\.Module\(\): /, "") : String(error));
  }
  throw invalid("V8 does not accept it");
}

function rewrite(surveyed: Survey, limits: MeterLimits): Metered {
  const { bytes, shape } = surveyed;
  const callees = surveyCallees(surveyed);
  const code = new CodeMeter(surveyed, callees, limits);
  const job = { surveyed, callees, code };
  const out = new Writer(bytes.length + (bytes.length >> 1) + 256);
  out.copy(bytes, 0, PREAMBLE_BYTES);
  for (const { id } of SECTIONS) {
    const isAdded = id === SECTION.global || id === SECTION.export;
    if (id === SECTION.start || !(isAdded || surveyed.sections.has(id))) continue;
    out.byte(id);
    const length = out.openLength();
    writeSection(job, id, out);
    out.closeLength(length);
  }
  return { bytes: out.take(), shape, report: code.report };
}

type Job = { readonly surveyed: Survey; readonly callees: Callees; readonly code: CodeMeter };

function writeSection(job: Job, id: number, out: Writer): void {
  const { surveyed } = job;
  switch (id) {
    case SECTION.function:
      return writeFunctions(job, out);
    case SECTION.import:
    case SECTION.table:
    case SECTION.memory:
      return writeBounded(surveyed, id, out);
    case SECTION.global:
      return writeGlobals(surveyed, out);
    case SECTION.export:
      return writeExports(job, out);
    case SECTION.code:
      return writeCode(job, out);
    default:
      return writeRest(surveyed, id, surveyed.sections.get(id)?.start ?? 0, out);
  }
}

/** Content as it came, from `start` on. */
function writeRest({ bytes, sections }: Survey, id: number, start: number, out: Writer): void {
  const section = sections.get(id);
  if (section !== undefined) out.copy(bytes, start, section.end);
}

/** Content as it came, but for the bounds of memories and tables. */
function writeBounded(surveyed: Survey, id: number, out: Writer): void {
  const { bytes, draft, sections } = surveyed;
  const section = sections.get(id);
  if (section === undefined) return;
  let copied = section.start;
  for (const field of draft.bounds) {
    if (field.start < section.start || field.end > section.end) continue;
    out.copy(bytes, copied, field.start);
    out.byte(HAS_MAXIMUM);
    out.u32(field.min);
    out.u32(field.max);
    copied = field.end;
  }
  writeRest(surveyed, id, copied, out);
}

/** A count raised by `added`, then the entries as they came. */
function writeLonger(surveyed: Survey, id: number, added: number, out: Writer): void {
  const section = surveyed.sections.get(id);
  if (section === undefined) return out.u32(added);
  const reader = new Reader(surveyed.bytes, section.start, section.end);
  out.u32(reader.u32() + added);
  writeRest(surveyed, id, reader.at, out);
}

function writeGlobals(surveyed: Survey, out: Writer): void {
  writeLonger(surveyed, SECTION.global, 1, out);
  for (const byte of [I64, VARIABLE, I64_CONST, 0, END]) out.byte(byte);
}

/** The gates come last, so that no number changes. */
function writeFunctions({ surveyed, callees }: Job, out: Writer): void {
  writeLonger(surveyed, SECTION.function, callees.gates.length, out);
  for (const index of callees.gates) out.u32(surveyed.draft.functionTypes[index] ?? 0);
}

function writeExports({ surveyed, callees }: Job, out: Writer): void {
  const { exportedFunctions, functionTypes, globals, startFunction } = surveyed.draft;
  const { bytes, sections } = surveyed;
  const gates = new Map(callees.gates.map((index, place) => [index, functionTypes.length + place]));
  const added = startFunction === null ? 1 : 2;
  const section = sections.get(SECTION.export);
  const reader = new Reader(bytes, section?.start ?? 0, section?.end ?? 0);
  out.u32(section === undefined ? added : reader.u32() + added);
  let copied = reader.at;
  for (const { index, start, end } of exportedFunctions) {
    const gate = gates.get(index);
    if (gate === undefined) continue;
    out.copy(bytes, copied, start);
    out.u32(gate);
    copied = end;
  }
  writeRest(surveyed, SECTION.export, copied, out);
  out.name(FUEL_EXPORT);
  out.byte(KIND.global);
  out.u32(globals);
  if (startFunction === null) return;
  out.name(START_EXPORT);
  out.byte(KIND.function);
  out.u32(startFunction);
}

function writeCode({ surveyed, callees, code }: Job, out: Writer): void {
  const { bodies, functionTypes, types } = surveyed.draft;
  const body = new Writer(BODY_CAPACITY);
  out.u32(bodies.length + callees.gates.length);
  for (const each of bodies) {
    code.write(each, body);
    out.u32(body.length);
    out.append(body);
  }
  for (const index of callees.gates) {
    code.writeGate(index, types[functionTypes[index] ?? -1]?.params.length ?? 0, body);
    out.u32(body.length);
    out.append(body);
  }
}
