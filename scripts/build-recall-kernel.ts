// Assembles the vector kernel into src/memory/search-index/kernel-bytes.ts. Run it after a change of scripts/recall-kernel.ts.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import wabt from "wabt";
import { type KernelVariant, kernelText } from "./recall-kernel.ts";

const FEATURES = { simd: true, relaxed_simd: true };

/** The bytes of a variant's module. */
export async function assemble(variant: KernelVariant): Promise<Uint8Array> {
  const assembler = await wabt();
  const module = assembler.parseWat(`${variant}.wat`, kernelText(variant), FEATURES);
  module.validate();
  const { buffer } = module.toBinary({});
  module.destroy();
  return buffer;
}

if (import.meta.main) {
  const line = async (name: string, variant: KernelVariant) =>
    `export const ${name} =\n  "${Buffer.from(await assemble(variant)).toString("base64")}";\n`;
  const text = `// Written by scripts/build-recall-kernel.ts from scripts/recall-kernel.ts; not edited by hand.

/** The kernel with relaxed SIMD, in base64. */
${await line("RELAXED_KERNEL", "relaxed")}
/** The same without, in base64. */
${await line("PLAIN_KERNEL", "plain")}`;
  writeFileSync(join(import.meta.dirname, "../src/memory/search-index/kernel-bytes.ts"), text);
}
