import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import initWabt from "wabt";
import { assemble } from "../sandbox/room.ts";

/** A small tool server whose tools are answer, sleep and others; changes are made to its bytes, of the same length. */
export async function probe(changes: readonly (readonly [string, string])[] = []): Promise<Uint8Array> {
  const bytes = Buffer.from(await assemble("probe.wat"));
  for (const [from, to] of changes) {
    if (from.length !== to.length) throw new Error(`"${from}" and "${to}" differ in length`);
    const at = bytes.indexOf(from);
    if (at === -1) throw new Error(`the module does not hold "${from}"`);
    bytes.write(to, at, "latin1");
  }
  return bytes;
}

/** The module that answers "ok", with another answer of two letters: nothing of what it says of itself changes. */
export const answering = (word: string): Promise<Uint8Array> => probe([['"text":"ok"', `"text":"${word}"`]]);

/** The same tools but for one name. */
export const renamed = (): Promise<Uint8Array> => probe([['"name":"more"', '"name":"less"']]);

export const hostileModule = (): Buffer =>
  readFileSync(fileURLToPath(new URL("../../fixtures/tools/hostile/module.wasm", import.meta.url)));

export const manifest = (name: string, more = "", version = "1.0.0"): string =>
  `name = "${name}"\nversion = "${version}"\ndescription = "A probe."\n${more}`;

export const CLOCK = "[grants]\nclock = true\n";

/** The module that answers "ok", and writes "hello log" to standard error before. */
export async function chatty(): Promise<Uint8Array> {
  const source = readFileSync(fileURLToPath(new URL("../sandbox/guests/probe.wat", import.meta.url)), "utf8").replace(
    "(func $ok ",
    `(data (i32.const 1200) "hello log\\n")
     (func $ok
       (i32.store (i32.const 0) (i32.const 1200))
       (i32.store (i32.const 4) (i32.const 10))
       (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 64)))
       `,
  );
  const wabt = await initWabt();
  const parsed = wabt.parseWat("chatty.wat", source);
  try {
    return parsed.toBinary({}).buffer;
  } finally {
    parsed.destroy();
  }
}
