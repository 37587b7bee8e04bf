import type { Draft } from "../draft.ts";
import { malformed, reservedName, unsupported } from "../errors.ts";
import { skipConstExpression } from "./const-expression.ts";
import { withinLimit } from "../limits.ts";
import type { Reader } from "./reader.ts";
import type { Extern } from "./shape.ts";
import { readSlotType, readValueType, type ValueType } from "./value-types.ts";

/** Names the meter keeps for its own exports. */
export const RESERVED_PREFIX = "__caxton";

const FUNCTION_TYPE = 0x60;
const TABLE_WITH_INITIALISER = 0x40;
const KINDS: readonly Extern["kind"][] = ["function", "table", "memory", "global", "tag"];

function readKind(reader: Reader): Extern["kind"] {
  const offset = reader.at;
  const kind = KINDS[reader.byte()];
  if (kind === undefined) throw malformed("an import or export of unknown kind", offset);
  return kind;
}

function readValues(reader: Reader, draft: Draft): readonly ValueType[] {
  const count = draft.count(reader, "signatureValuesMax");
  return Array.from({ length: count }, () => readValueType(reader));
}

function readTypes(reader: Reader, draft: Draft): void {
  const count = draft.count(reader, "typesMax");
  for (let index = 0; index < count; index += 1) {
    const offset = reader.at;
    const form = reader.byte();
    // Struct, array, subtype, recursion group, continuation.
    if (form >= 0x4d && form < FUNCTION_TYPE) throw unsupported("garbage-collected types", offset);
    if (form !== FUNCTION_TYPE) throw malformed("a type that is not a function's", offset);
    draft.types.push({ params: readValues(reader, draft), results: readValues(reader, draft) });
  }
}

function readGlobalType(reader: Reader): void {
  readValueType(reader);
  const offset = reader.at;
  const flags = reader.byte();
  if (flags > 3) throw malformed("a global that is neither constant nor variable", offset);
  if (flags > 1) throw unsupported("shared globals (threads)", offset);
}

function readTagType(reader: Reader, draft: Draft): void {
  const offset = reader.at;
  if (reader.byte() !== 0) throw malformed("a tag that is not an exception's", offset);
  const index = reader.u32();
  if (index >= draft.types.length) throw malformed(`there is no type ${index}`, offset + 1);
}

function readImported(reader: Reader, draft: Draft): Extern {
  const kind = readKind(reader);
  switch (kind) {
    case "function":
      draft.importedFunctions += 1;
      return { kind, type: draft.addFunction(reader) };
    case "table":
      readSlotType(reader);
      draft.addTable(reader);
      return { kind };
    case "memory":
      draft.addMemory(reader, true);
      return { kind };
    case "global":
      readGlobalType(reader);
      draft.globals += 1;
      return { kind };
    case "tag":
      readTagType(reader, draft);
      draft.tags += 1;
      return { kind };
  }
}

function readImports(reader: Reader, draft: Draft): void {
  const count = draft.count(reader, "importsMax");
  for (let index = 0; index < count; index += 1) {
    const offset = reader.at;
    const module = draft.name(reader);
    const name = draft.name(reader);
    draft.imports.push({ module, name, ...readImported(reader, draft) });
    withinLimit(draft.limits, "globalsMax", draft.globals, offset);
    withinLimit(draft.limits, "tagsMax", draft.tags, offset);
  }
}

function readFunctions(reader: Reader, draft: Draft): void {
  const count = draft.count(reader, "functionsMax");
  for (let index = 0; index < count; index += 1) draft.addFunction(reader);
}

function readTables(reader: Reader, draft: Draft): void {
  const count = draft.count(reader, "tablesMax", draft.tables);
  for (let index = 0; index < count; index += 1) {
    if (reader.bytes[reader.at] === TABLE_WITH_INITIALISER) throw unsupported("tables with an initialiser", reader.at);
    readSlotType(reader);
    draft.addTable(reader);
  }
}

function readMemories(reader: Reader, draft: Draft): void {
  const count = reader.u32();
  for (let index = 0; index < count; index += 1) draft.addMemory(reader, false);
}

function readTags(reader: Reader, draft: Draft): void {
  const count = draft.count(reader, "tagsMax", draft.tags);
  for (let index = 0; index < count; index += 1) readTagType(reader, draft);
  draft.tags += count;
}

function readGlobals(reader: Reader, draft: Draft): void {
  const count = draft.count(reader, "globalsMax", draft.globals);
  for (let index = 0; index < count; index += 1) {
    readGlobalType(reader);
    skipConstExpression(reader, draft);
  }
  draft.globals += count;
}

function readExports(reader: Reader, draft: Draft): void {
  const count = draft.count(reader, "exportsMax");
  for (let index = 0; index < count; index += 1) {
    const offset = reader.at;
    const name = draft.name(reader);
    if (name.startsWith(RESERVED_PREFIX)) throw reservedName(name, offset);
    const kind = readKind(reader);
    const start = reader.at;
    const target = reader.u32();
    if (kind === "function") draft.exportedFunctions.push({ index: target, start, end: reader.at });
    draft.exports.push({ name, ...draft.extern(kind, target, offset) });
  }
}

function readStart(reader: Reader, draft: Draft): void {
  draft.startFunction = reader.u32();
  draft.referredFunctions.add(draft.startFunction);
}

function readElements(reader: Reader, draft: Draft): void {
  const count = draft.count(reader, "elementSegmentsMax");
  draft.elementSegments = count;
  for (let index = 0; index < count; index += 1) readElementSegment(reader, draft);
}

/** Bits of a segment's head: not active, with a table (or merely declared), entries as expressions. */
const [PASSIVE, WITH_TABLE, EXPRESSIONS] = [1, 2, 4];

function readElementSegment(reader: Reader, draft: Draft): void {
  const offset = reader.at;
  const flags = reader.u32();
  if (flags > 7) throw malformed("an element segment of unknown kind", offset);
  if ((flags & PASSIVE) === 0) {
    if ((flags & WITH_TABLE) !== 0) reader.u32();
    skipConstExpression(reader, draft);
  }
  if ((flags & (PASSIVE | WITH_TABLE)) !== 0) {
    if ((flags & EXPRESSIONS) !== 0) readSlotType(reader);
    else if (reader.byte() !== 0) throw malformed("an element segment of unknown kind", reader.at - 1);
  }
  const entries = draft.count(reader, "elementEntriesMax", draft.elementEntries);
  draft.elementEntries += entries;
  for (let index = 0; index < entries; index += 1) {
    if ((flags & EXPRESSIONS) === 0) draft.referredFunctions.add(reader.u32());
    else skipConstExpression(reader, draft);
  }
}

function readDataCount(reader: Reader, draft: Draft): void {
  draft.announcedDataSegments = draft.count(reader, "dataSegmentsMax");
}

function readCode(reader: Reader, draft: Draft): void {
  const offset = reader.at;
  const count = reader.u32();
  if (count !== draft.functionTypes.length - draft.importedFunctions)
    throw malformed("the function and code sections disagree on the number of functions", offset);
  for (let index = 0; index < count; index += 1) readBody(reader, draft, draft.importedFunctions + index);
}

function readBody(reader: Reader, draft: Draft, index: number): void {
  const offset = reader.at;
  const bytes = reader.u32();
  withinLimit(draft.limits, "bodyBytesMax", bytes, offset);
  const body = reader.take(bytes);
  const localGroups = body.u32();
  const localsAt = body.at;
  let locals = 0;
  for (let group = 0; group < localGroups; group += 1) {
    locals += body.u32();
    withinLimit(draft.limits, "localsMax", locals, offset);
    readValueType(body);
  }
  const params = draft.types[draft.functionTypes[index] ?? -1]?.params.length ?? 0;
  draft.bodies.push({ index, params, locals, localGroups, localsAt, codeAt: body.at, end: body.end });
  draft.localsLargest = Math.max(draft.localsLargest, locals);
  draft.bodyBytesLargest = Math.max(draft.bodyBytesLargest, bytes);
}

function readData(reader: Reader, draft: Draft): void {
  const count = draft.count(reader, "dataSegmentsMax");
  draft.dataSegments = count;
  for (let index = 0; index < count; index += 1) {
    const offset = reader.at;
    const flags = reader.u32();
    if (flags > 2) throw malformed("a data segment of unknown kind", offset);
    if (flags === 2 && reader.u32() !== 0) throw unsupported("more than one memory", offset);
    if (flags !== 1) skipConstExpression(reader, draft);
    reader.skip(reader.u32());
  }
}

export type SectionRule = {
  readonly name: string;
  readonly id: number;
  readonly read: (reader: Reader, draft: Draft) => void;
};

/** The sections in the order a module must have them, which is not the order of their numbers. */
export const SECTIONS: readonly SectionRule[] = [
  { name: "type", id: 1, read: readTypes },
  { name: "import", id: 2, read: readImports },
  { name: "function", id: 3, read: readFunctions },
  { name: "table", id: 4, read: readTables },
  { name: "memory", id: 5, read: readMemories },
  { name: "tag", id: 13, read: readTags },
  { name: "global", id: 6, read: readGlobals },
  { name: "export", id: 7, read: readExports },
  { name: "start", id: 8, read: readStart },
  { name: "element", id: 9, read: readElements },
  { name: "data count", id: 12, read: readDataCount },
  { name: "code", id: 10, read: readCode },
  { name: "data", id: 11, read: readData },
];
