import { malformed, unsupported } from "../errors.ts";
import type { Draft } from "../draft.ts";
import { withinLimit } from "../limits.ts";
import type { Reader } from "./reader.ts";
import { skipHeapType } from "./value-types.ts";

const END = 0x0b;
const SIMD = 0xfd;
const GC = 0xfb;
const V128_CONST = 12;
const REF_FUNC = 0xd2;

const skipIndex = (reader: Reader): void => void reader.u32();
const skipNothing = (): void => undefined;

/** What may stand in a constant expression, by opcode. */
const CONSTANT: ReadonlyMap<number, (reader: Reader) => void> = new Map([
  [0x23, skipIndex], // global.get
  [0x41, (reader: Reader) => reader.skipSigned(32)],
  [0x42, (reader: Reader) => reader.skipSigned(64)],
  [0x43, (reader: Reader) => reader.skip(4)],
  [0x44, (reader: Reader) => reader.skip(8)],
  [0x6a, skipNothing], // i32.add, sub, mul
  [0x6b, skipNothing],
  [0x6c, skipNothing],
  [0x7c, skipNothing], // i64.add, sub, mul
  [0x7d, skipNothing],
  [0x7e, skipNothing],
  [0xd0, skipHeapType], // ref.null
]);

/** Steps over a constant expression. V8 evaluates it at each instantiation, without fuel: hence the limit on its length. */
export function skipConstExpression(reader: Reader, draft: Draft): void {
  const start = reader.at;
  for (;;) {
    const offset = reader.at;
    const opcode = reader.byte();
    if (opcode === END) break;
    if (opcode === GC) throw unsupported("garbage-collected types", offset);
    if (opcode === SIMD) {
      if (reader.u32() !== V128_CONST) throw malformed("an instruction that is not constant", offset);
      reader.skip(16);
    } else if (opcode === REF_FUNC) {
      draft.referredFunctions.add(reader.u32());
    } else {
      const skip = CONSTANT.get(opcode);
      if (skip === undefined) throw malformed("an instruction that is not constant", offset);
      skip(reader);
    }
    withinLimit(draft.limits, "constantBytesMax", reader.at - start, offset);
  }
}
