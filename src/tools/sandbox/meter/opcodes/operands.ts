import { malformed, unsupported } from "../errors.ts";
import type { Reader } from "../binary/reader.ts";
import { readValueType } from "../binary/value-types.ts";

/** The operands that follow an opcode, each a way to step over them. */
export const index = (reader: Reader): void => void reader.u32();

export const twoIndexes = (reader: Reader): void => {
  reader.u32();
  reader.u32();
};

/** The number of a memory; there is only the one. */
export const memory = (reader: Reader): void => {
  if (reader.u32() !== 0) throw unsupported("more than one memory", reader.at - 1);
};

export const twoMemories = (reader: Reader): void => {
  memory(reader);
  memory(reader);
};

export const indexAndMemory = (reader: Reader): void => {
  reader.u32();
  memory(reader);
};

/** Alignment and offset. A sixth bit in the alignment announces the number of another memory. */
export const address = (reader: Reader): void => {
  const offset = reader.at;
  const alignment = reader.u32();
  if ((alignment & 0x40) !== 0) throw unsupported("more than one memory", offset);
  if (alignment > 0x40) throw malformed("an alignment that is no power of two", offset);
  reader.u32();
};

export const lane = (reader: Reader): void => reader.skip(1);

export const addressAndLane = (reader: Reader): void => {
  address(reader);
  lane(reader);
};

export const bytes4 = (reader: Reader): void => reader.skip(4);
export const bytes8 = (reader: Reader): void => reader.skip(8);
export const bytes16 = (reader: Reader): void => reader.skip(16);
export const signed32 = (reader: Reader): void => reader.skipSigned(32);
export const signed64 = (reader: Reader): void => reader.skipSigned(64);

export const valueTypes = (reader: Reader): void => {
  for (let left = reader.u32(); left > 0; left -= 1) readValueType(reader);
};
