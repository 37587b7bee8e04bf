import initWabt from "wabt";

/** Components made by hand, so that tests can have ones that no compiler makes. */
type Bytes = readonly number[];

export const u32 = (value: number): Bytes => {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) + (rest > 127 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return bytes;
};
export const text = (value: string): Bytes => [...u32(Buffer.byteLength(value)), ...Buffer.from(value)];
export const vector = (items: readonly Bytes[]): Bytes => [...u32(items.length), ...items.flat()];
const extern = (name: string): Bytes => [0, ...text(name)];
const section = (id: number, items: readonly Bytes[]): Bytes => {
  const content = vector(items);
  return [id, ...u32(content.length), ...content];
};

export const TYPE = { bool: 0x7f, u32: 0x79, u64: 0x77, char: 0x74, string: 0x73 } as const;
const functionType = (parameters: readonly (readonly [string, Bytes])[], result: Bytes | undefined): Bytes => [
  0x40,
  ...vector(parameters.map(([name, type]) => [...text(name), ...type])),
  ...(result === undefined ? [1, 0] : [0, ...result]),
];

/** A function of the component: its types, and the core function behind it. */
export type Exported = {
  readonly name: string;
  readonly parameters?: readonly (readonly [string, Bytes])[];
  readonly result?: Bytes;
  readonly core: string;
};

export const PREAMBLE: Bytes = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];

/**
 * A component over one core module, which may import `h.wait` (u64 nanoseconds, gives a pollable), `h.block` and `h.drop`
 * of pollables, and exports `memory` and `realloc`. `types` are value types, numbered from `FIRST_TYPE`.
 */
export const FIRST_TYPE = 3;
export async function component(
  wat: string,
  exported: readonly Exported[],
  types: readonly Bytes[] = [],
): Promise<Uint8Array> {
  const module = await assemble(wat);
  const poll = instanceType([
    [0x04, ...extern("pollable"), 0x03, 0x01],
    [0x01, 0x68, 0],
    [0x01, ...functionType([["self", [1]]], undefined)],
    [0x04, ...extern("[method]pollable.block"), 0x01, 2],
  ]);
  const clock = instanceType([
    [0x02, 0x03, 0x02, 1, 1],
    [0x01, 0x69, 0],
    [0x01, ...functionType([["when", [TYPE.u64]]], [1])],
    [0x04, ...extern("subscribe-duration"), 0x01, 2],
  ]);
  const names = ["realloc", ...exported.map(({ core }) => core)];
  const firstFunction = FIRST_TYPE + types.length;
  return Uint8Array.from([
    ...PREAMBLE,
    ...section(7, [poll]),
    ...section(10, [[...extern("wasi:io/poll@0.2.0"), 0x05, 0]]),
    ...section(6, [[0x03, 0x00, 0, ...text("pollable")]]),
    ...section(7, [clock]),
    ...section(10, [[...extern("wasi:clocks/monotonic-clock@0.2.0"), 0x05, 2]]),
    ...section(6, [
      [0x01, 0x00, 0, ...text("[method]pollable.block")],
      [0x01, 0x00, 1, ...text("subscribe-duration")],
    ]),
    ...section(8, [
      [0x01, 0x00, 0, 0],
      [0x01, 0x00, 1, 0],
      [0x03, 1],
    ]),
    1,
    ...u32(module.length),
    ...module,
    ...section(2, [
      [0x01, ...vector([hostItem("block", 0), hostItem("wait", 1), hostItem("drop", 2)])],
      [0x00, 0, ...vector([[...text("h"), 0x12, 0]])],
    ]),
    ...section(6, [
      [0x00, 0x02, 0x01, 1, ...text("memory")],
      ...names.map((name) => [0x00, 0x00, 0x01, 1, ...text(name)]),
    ]),
    ...section(7, [...types, ...exported.map(({ parameters = [], result }) => functionType(parameters, result))]),
    ...section(
      8,
      exported.map((_, place) => [0x00, 0x00, ...u32(4 + place), 2, 0x03, 0, 0x04, 3, ...u32(firstFunction + place)]),
    ),
    ...section(
      11,
      exported.map(({ name }, place) => [...extern(name), 0x01, ...u32(2 + place), 0]),
    ),
  ]);
}

const MEMORY = `(module (memory (export "memory") 4) (global $top (mut i32) (i32.const 131072))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (if (i32.gt_u (i32.add (global.get $top) (local.get 3)) (i32.const 262144))
        (then (global.set $top (i32.const 131072))))
      (global.set $top (i32.add (global.get $top) (local.get 3)))
      (i32.sub (global.get $top) (local.get 3))))`;

/** `wasi:io/streams`, as far as the program needs it. */
const streamTypes = (): Bytes =>
  instanceType([
    [0x04, ...extern("input-stream"), 0x03, 0x01],
    [0x04, ...extern("output-stream"), 0x03, 0x01],
    [0x01, 0x71, ...vector([[...text("closed"), 0, 0]])],
    [0x01, 0x70, 0x7d],
    [0x01, 0x6a, 1, 3, 1, 2],
    [0x01, 0x6a, 0, 1, 2],
    [0x01, 0x68, 0],
    [0x01, 0x68, 1],
    [
      0x01,
      ...functionType(
        [
          ["self", [6]],
          ["len", [TYPE.u64]],
        ],
        [4],
      ),
    ],
    [0x04, ...extern("[method]input-stream.blocking-read"), 0x01, 8],
    [
      0x01,
      ...functionType(
        [
          ["self", [7]],
          ["contents", [3]],
        ],
        [5],
      ),
    ],
    [0x04, ...extern("[method]output-stream.blocking-write-and-flush"), 0x01, 9],
  ]);

/** An interface with one function that gives a stream. */
const getter = (name: string, resource: number): Bytes =>
  instanceType([
    [0x02, 0x03, 0x02, 1, resource],
    [0x01, 0x69, 0],
    [0x01, ...functionType([], [1])],
    [0x04, ...extern(name), 0x01, 2],
  ]);

/** A component that is a program: `run` of the module given, over standard streams, with the memory of another module. */
export async function program(module: Uint8Array): Promise<Uint8Array> {
  const memory = await assemble(MEMORY);
  return Uint8Array.from([
    ...PREAMBLE,
    ...streamImports(),
    ...[memory, module].flatMap((each) => [1, ...u32(each.length), ...each]),
    ...section(2, [[0x00, 0, 0]]),
    ...section(6, [
      [0x00, 0x02, 0x01, 0, ...text("memory")],
      [0x00, 0x00, 0x01, 0, ...text("realloc")],
    ]),
    ...section(8, [
      [0x01, 0x00, 0, 2, 0x03, 0, 0x04, 0],
      [0x01, 0x00, 1, 1, 0x03, 0],
      [0x01, 0x00, 2, 0],
      [0x01, 0x00, 3, 0],
    ]),
    ...section(2, [
      [0x01, ...vector([hostItem("read", 1), hostItem("write", 2), hostItem("stdin", 3), hostItem("stdout", 4)])],
      [
        0x00,
        1,
        ...vector([
          [...text("h"), 0x12, 1],
          [...text("env"), 0x12, 0],
        ]),
      ],
    ]),
    ...section(6, [[0x00, 0x00, 0x01, 2, ...text("run")]]),
    ...section(7, [[0x6a, 0, 0], functionType([], [5])]),
    ...section(8, [[0x00, 0x00, 5, 0, 6]]),
    ...section(5, [[0x01, ...vector([[...extern("run"), 0x01, 4]])]]),
    ...section(11, [[...extern("wasi:cli/run@0.2.0"), 0x05, 3, 0]]),
  ]);
}

/** What a program imports: reading and writing streams, as functions 0 and 1, and where its own come from, 2 and 3. */
const streamImports = (): Bytes => [
  ...section(7, [streamTypes()]),
  ...section(10, [[...extern("wasi:io/streams@0.2.0"), 0x05, 0]]),
  ...section(6, [
    [0x03, 0x00, 0, ...text("input-stream")],
    [0x03, 0x00, 0, ...text("output-stream")],
  ]),
  ...section(7, [getter("get-stdin", 1), getter("get-stdout", 2)]),
  ...section(10, [
    [...extern("wasi:cli/stdin@0.2.0"), 0x05, 3],
    [...extern("wasi:cli/stdout@0.2.0"), 0x05, 4],
  ]),
  ...section(6, [
    [0x01, 0x00, 0, ...text("[method]input-stream.blocking-read")],
    [0x01, 0x00, 0, ...text("[method]output-stream.blocking-write-and-flush")],
    [0x01, 0x00, 1, ...text("get-stdin")],
    [0x01, 0x00, 2, ...text("get-stdout")],
  ]),
];

/** `wasi:http/types`, as far as making fields goes. */
const fieldTypes = (): Bytes =>
  instanceType([
    [0x04, ...extern("fields"), 0x03, 0x01],
    [0x01, 0x69, 0],
    [0x01, 0x68, 0],
    [0x01, 0x70, 0x7d],
    [0x01, 0x6a, 0, 0],
    [0x01, ...functionType([], [1])],
    [0x04, ...extern("[constructor]fields"), 0x01, 5],
    [
      0x01,
      ...functionType(
        [
          ["self", [2]],
          ["name", [TYPE.string]],
          ["value", [3]],
        ],
        [4],
      ),
    ],
    [0x04, ...extern("[method]fields.append"), 0x01, 6],
  ]);

/** A component over a core module that imports `env.memory`, `h.make` and `h.append` of fields, and exports `hoard`. */
export async function fieldMaker(wat: string): Promise<Uint8Array> {
  const [memory, module] = [await assemble(MEMORY), await assemble(wat)];
  const given = [
    [...text("h"), 0x12, 1],
    [...text("env"), 0x12, 0],
  ];
  return Uint8Array.from([
    ...PREAMBLE,
    ...section(7, [fieldTypes()]),
    ...section(10, [[...extern("wasi:http/types@0.2.0"), 0x05, 0]]),
    ...section(6, [
      [0x01, 0x00, 0, ...text("[constructor]fields")],
      [0x01, 0x00, 0, ...text("[method]fields.append")],
    ]),
    ...[memory, module].flatMap((each) => [1, ...u32(each.length), ...each]),
    ...section(2, [[0x00, 0, 0]]),
    ...section(6, [[0x00, 0x02, 0x01, 0, ...text("memory")]]),
    ...section(8, [
      [0x01, 0x00, 0, 0],
      [0x01, 0x00, 1, 1, 0x03, 0],
    ]),
    ...section(2, [
      [0x01, ...vector([hostItem("make", 0), hostItem("append", 1)])],
      [0x00, 1, ...vector(given)],
    ]),
    ...section(6, [[0x00, 0x00, 0x01, 2, ...text("hoard")]]),
    ...section(7, [functionType([["count", [TYPE.u32]]], undefined)]),
    ...section(8, [[0x00, 0x00, 2, 0, 1]]),
    ...section(11, [[...extern("hoard"), 0x01, 2, 0]]),
  ]);
}

const instanceType = (declarations: readonly Bytes[]): Bytes => [0x42, ...vector(declarations)];
const hostItem = (name: string, index: number): Bytes => [...text(name), 0x00, index];

async function assemble(wat: string): Promise<Uint8Array> {
  const wabt = await initWabt();
  const parsed = wabt.parseWat("guest.wat", wat);
  try {
    return parsed.toBinary({}).buffer;
  } finally {
    parsed.destroy();
  }
}
