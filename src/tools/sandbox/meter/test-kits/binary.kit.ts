import { Writer } from "../binary/writer.ts";

export const PREAMBLE = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0] as const;

type Bytes = readonly number[];

/** An unsigned integer, in `width` bytes if that is more than it needs. */
export function u32(value: number, width = 1): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push(rest % 128);
    rest = Math.floor(rest / 128);
  } while (rest > 0 || bytes.length < width);
  return bytes.map((byte, index) => (index < bytes.length - 1 ? byte | 0x80 : byte));
}

export const list = (entries: readonly Bytes[]): number[] => [...u32(entries.length), ...entries.flat()];
export const text = (value: string): number[] => list([...Buffer.from(value)].map((byte) => [byte]));
export const section = (id: number, content: Bytes): number[] => [id, ...u32(content.length), ...content];
export const body = (code: Bytes, locals: readonly Bytes[] = []): number[] => {
  const content = [...list(locals), ...code, 0x0b];
  return [...u32(content.length), ...content];
};
export const moduleOf = (...sections: readonly Bytes[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from([...PREAMBLE, ...sections.flat()]);

/** A module of one function without parameters and results, whose code is `code`; for code too long to spread. */
export function moduleWithCode(code: Uint8Array): Uint8Array<ArrayBuffer> {
  const writer = new Writer(code.length + 64);
  const head = moduleOf(section(1, list([[0x60, 0, 0]])), section(3, list([[0]])), section(7, list([[1, 0x66, 0, 0]])));
  writer.copy(head, 0, head.length);
  writer.byte(10);
  const sectionLength = writer.openLength();
  writer.u32(1);
  const bodyLength = writer.openLength();
  writer.byte(0);
  writer.copy(code, 0, code.length);
  writer.byte(0x0b);
  writer.closeLength(bodyLength);
  writer.closeLength(sectionLength);
  return writer.take();
}
