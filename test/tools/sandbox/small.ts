import initWabt from "wabt";
import type { DeclaredTool } from "../../../src/tools/catalogue/index.ts";

/** The one tool, `go`, of a server assembled here. */
export const GO: readonly DeclaredTool[] = [
  {
    name: "go",
    description: "",
    input_schema: { type: "object" },
    output_schema: undefined,
    read_only: false,
    idempotent: false,
  },
];

type Parts = { readonly imports?: string; readonly data?: string; readonly call?: string; readonly pages?: number };

/** A tool server in the interface of a module without a library, which answers "ok" after what `call` does. */
export async function smallServer({ imports = "", data = "", call = "", pages = 2 }: Parts): Promise<Uint8Array> {
  const text = `(module ${imports}
    (memory (export "memory") ${pages})
    ${data}
    (data (i32.const 16) "\\"ok\\"")
    (func (export "caxton_alloc") (param i32) (result i32) i32.const 70000)
    (global $at (mut i32) (i32.const 16))
    (global $length (mut i32) (i32.const 4))
    (func (export "result_ptr") (result i32) global.get $at)
    (func (export "result_len") (result i32) global.get $length)
    (func (export "handle_tool_call") (param i32 i32) (result i32) (local $i i32) ${call} i32.const 0))`;
  const wabt = await initWabt();
  const parsed = wabt.parseWat("small.wat", text);
  try {
    parsed.resolveNames();
    return parsed.toBinary({}).buffer;
  } finally {
    parsed.destroy();
  }
}

/** Computes so many rounds. */
export const compute = (rounds: number): string =>
  `(loop $l (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_u (local.get $i) (i32.const ${rounds}))))`;
