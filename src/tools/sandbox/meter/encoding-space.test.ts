import { describe, expect, test } from "vitest";
import { body, list, moduleOf, section, text, u32 } from "./test-kits/binary.kit.ts";
import { meter, ModuleRefusedError } from "./index.ts";

// verifies("tool.meter-complete")

type Bytes = readonly number[];

const TYPE = section(1, list([[0x60, 0, 0]]));
const FUNCTION = section(3, list([[0]]));
const CODE = section(10, list([body([])]));
const MEMORY = section(5, list([[0, 1]]));
const TABLE = section(4, list([[0x70, 0, 4]]));
const LEAVE = 0x00;

/** A byte that decides what follows, and everything that may follow it. */
type Place = {
  readonly name: string;
  readonly around: (code: number, rest: Bytes) => Uint8Array<ArrayBuffer>;
  readonly rests: readonly Bytes[];
  /** Features that V8 runs and that are refused here, with all their codes. */
  readonly refused: { readonly [feature: string]: Bytes };
  /** Codes that come through. */
  readonly metered: Bytes;
};

const BOUNDS: readonly Bytes[] = [[1], [1, 2], [1, 2, 0], [1, 0], [1, 16]];
const NUMBERS = [0x7b, 0x7c, 0x7d, 0x7e, 0x7f];
const REFERENCES = [0x69, 0x6f, 0x70];
const HEAP = [0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x71, 0x72, 0x73, 0x74];
const ABSTRACT: readonly Bytes[] = [[], [0], [0x70], [0x6e]];
const NULLS: readonly Bytes[] = [[0x41, 0, 0x0b], ...[0x70, 0x6f, 0x6e, 0].map((type) => [0xd0, type, 0x0b])];

const inType = (content: Bytes): Uint8Array<ArrayBuffer> => moduleOf(section(1, content));
const inCode = (code: Bytes): Uint8Array<ArrayBuffer> =>
  moduleOf(TYPE, FUNCTION, TABLE, MEMORY, section(10, list([body([LEAVE, ...code])])));
const imported = (rest: Bytes): Uint8Array<ArrayBuffer> =>
  moduleOf(TYPE, section(2, list([[...text("a"), ...text("b"), ...rest]])));

const PLACES: readonly Place[] = [
  {
    name: "a section's number",
    around: (code, rest) => moduleOf([code, ...u32(rest.length), ...rest]),
    rests: [[], [0], [1, 0], list([[0x60, 0, 0]]), text("name"), [1, 0, 1]],
    refused: {},
    metered: [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13],
  },
  {
    name: "the form of a type",
    around: (code, rest) => inType([1, code, ...rest]),
    rests: [[0, 0], [0], [0x7f, 0], [0, 0x60, 0, 0], [1, 0x60, 0, 0], [0, 0x5f, 0], [1, 0x5f, 0]],
    refused: { "garbage-collected types": [0x4e, 0x4f, 0x50, 0x5e, 0x5f] },
    metered: [0x60],
  },
  {
    name: "the type of a parameter",
    around: (code, rest) => inType([1, 0x60, 1, code, ...rest, 0]),
    rests: ABSTRACT,
    refused: { "garbage-collected types": HEAP, "typed function references": [0x63, 0x64] },
    metered: [...NUMBERS, ...REFERENCES],
  },
  {
    name: "the type of a local",
    around: (code, rest) => moduleOf(TYPE, FUNCTION, section(10, list([body([LEAVE], [[1, code, ...rest]])]))),
    rests: ABSTRACT,
    refused: { "garbage-collected types": HEAP, "typed function references": [0x63, 0x64] },
    metered: [...NUMBERS, ...REFERENCES],
  },
  {
    name: "the type of a block",
    around: (code, rest) => inCode([0x02, code, ...rest, LEAVE, 0x0b, LEAVE]),
    rests: ABSTRACT,
    refused: { "garbage-collected types": HEAP, "typed function references": [0x63, 0x64] },
    // Number 0 is the one function type, also in two to five bytes.
    metered: [0, 0x40, ...NUMBERS, ...REFERENCES, 0x80],
  },
  {
    name: "the type of a null",
    around: (code, rest) => inCode([0xd0, code, ...rest, 0x1a]),
    rests: [[], [0]],
    refused: { "garbage-collected types": HEAP, "typed function references": [0, 0x80] },
    metered: REFERENCES,
  },
  {
    name: "the type of a selection",
    around: (code, rest) => inCode([0x1c, 1, code, ...rest, 0x1a]),
    rests: ABSTRACT,
    refused: { "garbage-collected types": HEAP, "typed function references": [0x63, 0x64] },
    metered: [...NUMBERS, ...REFERENCES],
  },
  {
    name: "the type of a global",
    around: (code, rest) => moduleOf(TYPE, section(2, list([[...text("a"), ...text("b"), 3, code, ...rest]]))),
    rests: ABSTRACT.map((each) => [...each, 1]),
    refused: { "garbage-collected types": HEAP, "typed function references": [0x63, 0x64] },
    metered: [...NUMBERS, ...REFERENCES],
  },
  {
    name: "whether a global may change",
    around: (code) => moduleOf(section(6, list([[0x7f, code, 0x41, 0, 0x0b]]))),
    rests: [[]],
    refused: {},
    metered: [0, 1],
  },
  {
    name: "the type of a table's slots",
    around: (code, rest) => moduleOf(TYPE, section(4, list([[code, ...rest, 0, 1]]))),
    rests: [...ABSTRACT, ...NULLS.map((value) => [0, 0x70, 0, 1, ...value])],
    refused: {
      "garbage-collected types": HEAP,
      "typed function references": [0x63],
      "tables of exceptions": [0x69],
    },
    metered: [0x6f, 0x70],
  },
  {
    name: "a table with an initialiser",
    around: (code, rest) => moduleOf(TYPE, section(4, list([[0x40, code, 0x70, 0, 1, ...rest]]))),
    rests: NULLS,
    refused: { "tables with an initialiser": [0] },
    metered: [],
  },
  {
    name: "the bounds of a memory",
    around: (code, rest) => moduleOf(section(5, list([[code, ...rest]]))),
    rests: BOUNDS,
    refused: { "shared memory (threads)": [3], "a 64-bit memory": [4, 5, 7] },
    metered: [0, 1],
  },
  {
    name: "the bounds of an imported memory",
    around: (code, rest) => imported([2, code, ...rest]),
    rests: BOUNDS,
    refused: { "shared memory (threads)": [3], "a 64-bit memory": [4, 5, 7] },
    metered: [0, 1],
  },
  {
    name: "the bounds of a table",
    around: (code, rest) => moduleOf(section(4, list([[0x70, code, ...rest]]))),
    rests: BOUNDS,
    refused: { "a 64-bit table": [4, 5] },
    metered: [0, 1],
  },
  {
    name: "the bounds of an imported table",
    around: (code, rest) => imported([1, 0x70, code, ...rest]),
    rests: BOUNDS,
    refused: { "a 64-bit table": [4, 5] },
    metered: [0, 1],
  },
  {
    name: "the kind of an import",
    around: (code, rest) => imported([code, ...rest]),
    rests: [[0], [0, 0], [0, 1], [0x70, 0, 1], [0x7f, 0]],
    refused: {},
    metered: [0, 1, 2, 3, 4],
  },
  {
    name: "the kind of an export",
    around: (code) =>
      moduleOf(
        TYPE,
        FUNCTION,
        TABLE,
        MEMORY,
        section(13, list([[0, 0]])),
        section(6, list([[0x7f, 0, 0x41, 0, 0x0b]])),
        section(7, list([[...text("e"), code, 0]])),
        CODE,
      ),
    rests: [[]],
    refused: {},
    metered: [0, 1, 2, 3, 4],
  },
  {
    name: "what a tag is for",
    around: (code) => moduleOf(TYPE, section(13, list([[code, 0]]))),
    rests: [[]],
    refused: {},
    metered: [0],
  },
  {
    name: "the kind of an element segment",
    around: (code, rest) => moduleOf(TYPE, FUNCTION, TABLE, section(9, list([[code, ...rest]])), CODE),
    rests: [
      [0x41, 0, 0x0b, 1, 0],
      [0, 1, 0],
      [0, 0x41, 0, 0x0b, 0, 1, 0],
      [0x41, 0, 0x0b, 1, 0xd2, 0, 0x0b],
      [0x70, 1, 0xd2, 0, 0x0b],
      [0, 0x41, 0, 0x0b, 0x70, 1, 0xd2, 0, 0x0b],
    ],
    refused: {},
    metered: [0, 1, 2, 3, 4, 5, 6, 7],
  },
  {
    name: "the type of an element segment",
    around: (code, rest) => moduleOf(TYPE, FUNCTION, TABLE, section(9, list([[5, code, ...rest]])), CODE),
    rests: [[], ...ABSTRACT].map((each) => [...each, 0]),
    refused: {
      "garbage-collected types": HEAP,
      "typed function references": [0x63, 0x64],
      "tables of exceptions": [0x69],
      // V8 overlooks these when there are no entries.
      malformed: NUMBERS,
    },
    metered: [0x6f, 0x70],
  },
  {
    name: "the kind of a data segment",
    around: (code, rest) => moduleOf(MEMORY, section(11, list([[code, ...rest]]))),
    rests: [
      [0x41, 0, 0x0b, 1, 9],
      [1, 9],
      [0, 0x41, 0, 0x0b, 1, 9],
    ],
    refused: {},
    // Number 0 in two bytes too.
    metered: [0, 1, 2, 0x80],
  },
  {
    name: "the kind of an exception handler",
    around: (code, rest) =>
      moduleOf(
        TYPE,
        FUNCTION,
        section(13, list([[0, 0]])),
        section(10, list([body([0x02, 0x40, 0x1f, 0x40, 1, code, ...rest, 0x0b, 0x0b])])),
      ),
    rests: [[0, 0], [0]],
    refused: {},
    // Those with a reference would need a block that takes one.
    metered: [0, 2],
  },
  {
    name: "an instruction of a constant expression",
    around: (code, rest) => moduleOf(TYPE, FUNCTION, section(6, list([[0x7f, 0, code, ...rest]])), CODE),
    rests: [[0, 0x0b], [0x0b], [0, 0x41, 0, 0x6a, 0x0b], [28, 0, 0x0b]],
    refused: {},
    metered: [0x41],
  },
];

const sorted = (codes: Bytes): readonly number[] => codes.toSorted((left, right) => left - right);

function outcomeOf(bytes: Uint8Array<ArrayBuffer>): string {
  try {
    return WebAssembly.validate(meter(bytes).bytes) ? "metered" : "broken";
  } catch (error) {
    if (!(error instanceof ModuleRefusedError)) throw error;
    return error.details.reason === "feature" ? error.details.what : error.details.reason;
  }
}

describe("whatever V8 accepts is metered, or refused by the name of its feature", () => {
  test.each(PLACES)("$name", ({ around, rests, refused, metered }) => {
    const found: { [outcome: string]: number[] } = {};
    /** What the meter takes though V8 does not. */
    const taken: Bytes[] = [];
    for (let code = 0; code < 256; code += 1) {
      for (const rest of rests) {
        const bytes = around(code, rest);
        const outcome = outcomeOf(bytes);
        if (!WebAssembly.validate(bytes)) {
          if (outcome === "metered") taken.push([code, ...rest]);
          continue;
        }
        const codes = (found[outcome] ??= []);
        if (!codes.includes(code)) codes.push(code);
      }
    }
    expect(taken).toEqual([]);
    expect(found).toEqual({
      ...Object.fromEntries(Object.entries(refused).map(([feature, codes]) => [feature, sorted(codes)])),
      ...(metered.length > 0 ? { metered: sorted(metered) } : {}),
    });
  });
});
