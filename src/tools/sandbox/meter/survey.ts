import { Draft } from "./draft.ts";
import { ComponentFoundError, malformed } from "./errors.ts";
import { type MeterLimits, withinLimit } from "./limits.ts";
import { Reader } from "./binary/reader.ts";
import { SECTIONS } from "./binary/sections.ts";
import type { ModuleShape } from "./binary/shape.ts";

/** A module read as far as its code, with the places that the rewriter needs. */
export type Survey = {
  readonly bytes: Uint8Array;
  readonly draft: Readonly<Draft>;
  readonly shape: ModuleShape;
  /** Content of each section present, by number; custom sections are not kept. */
  readonly sections: ReadonlyMap<number, { readonly start: number; readonly end: number }>;
};

export const PREAMBLE_BYTES = 8;
const CUSTOM = 0;

/** What the first eight bytes say the file is. */
export function kindOf(bytes: Uint8Array): "module" | "component" | "other" {
  const isWasm = bytes.length >= PREAMBLE_BYTES && [0, 0x61, 0x73, 0x6d].every((byte, index) => bytes[index] === byte);
  if (!isWasm || bytes[5] !== 0 || bytes[7] !== 0) return "other";
  const [version, layer] = [bytes[4], bytes[6]];
  if (layer === 1) return "component";
  return layer === 0 && version === 1 ? "module" : "other";
}

/** Reads everything but the instructions, once, in time and memory proportional to the file. Throws as `scan` does. */
export function survey(bytes: Uint8Array, limits: MeterLimits): Survey {
  withinLimit(limits, "moduleBytesMax", bytes.length, 0);
  const kind = kindOf(bytes);
  if (kind === "component") throw new ComponentFoundError();
  if (kind === "other") throw malformed("it does not begin as a WebAssembly module of version 1", 0);
  const draft = new Draft(limits);
  const sections = readSections(new Reader(bytes, PREAMBLE_BYTES, bytes.length), draft);
  const declared = draft.functionTypes.length - draft.importedFunctions;
  if (declared !== draft.bodies.length) throw malformed(`${declared} functions have no code`, bytes.length);
  if ((draft.announcedDataSegments ?? draft.dataSegments) !== draft.dataSegments)
    throw malformed("the data and data count sections disagree", bytes.length);
  return { bytes, draft, shape: shapeOf(bytes.length, draft), sections };
}

function readSections(reader: Reader, draft: Draft): Survey["sections"] {
  const sections = new Map<number, { start: number; end: number }>();
  let place = -1;
  while (reader.at < reader.end) {
    const offset = reader.at;
    const id = reader.byte();
    const content = reader.take(reader.u32());
    if (id === CUSTOM) {
      content.skip(content.u32());
      continue;
    }
    const found = SECTIONS.findIndex((section) => section.id === id);
    const section = SECTIONS[found];
    if (section === undefined) throw malformed(`section ${id} is unknown`, offset);
    if (found <= place) throw malformed(`the ${section.name} section is repeated or out of order`, offset);
    place = found;
    sections.set(id, { start: content.at, end: content.end });
    section.read(content, draft);
    content.finish(`the ${section.name} section`);
  }
  return sections;
}

function shapeOf(bytes: number, draft: Draft): ModuleShape {
  return {
    bytes,
    imports: draft.imports,
    exports: draft.exports,
    memory: draft.memory,
    hasStart: draft.startFunction !== null,
    counts: {
      types: draft.types.length,
      functions: draft.bodies.length,
      tables: draft.tables,
      globals: draft.globals,
      tags: draft.tags,
      elementSegments: draft.elementSegments,
      elementEntries: draft.elementEntries,
      dataSegments: draft.dataSegments,
      localsLargest: draft.localsLargest,
      bodyBytesLargest: draft.bodyBytesLargest,
    },
  };
}
