import wabt from "wabt";

const toolkit = await wabt();

const FEATURES = {
  exceptions: true,
  mutable_globals: true,
  sat_float_to_int: true,
  sign_extension: true,
  simd: true,
  multi_value: true,
  tail_call: true,
  bulk_memory: true,
  reference_types: true,
  extended_const: true,
};

/** Bytes of a module in text form. */
export function assemble(text: string): Uint8Array<ArrayBuffer> {
  const module = toolkit.parseWat("test.wat", text, FEATURES);
  try {
    module.resolveNames();
    return new Uint8Array(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

/** Text of a module, one instruction a line, without names. */
export function disassemble(bytes: Uint8Array): string {
  const module = toolkit.readWasm(bytes, { ...FEATURES, readDebugNames: false });
  try {
    return module.toText({ foldExprs: false, inlineExport: false });
  } finally {
    module.destroy();
  }
}
