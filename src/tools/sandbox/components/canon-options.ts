import type { ByteReader } from "./byte-reader.ts";
import { unsupported } from "./errors.ts";
import type { CanonOptions, CoreItem, Encoding } from "./plan.ts";
import { entry, type Scope } from "./scope.ts";

const ENCODINGS: readonly Encoding[] = ["utf8", "utf16", "latin1+utf16"];

/** How values cross between a core module and the outside. */
export function readOptions(reader: ByteReader, scope: Scope): CanonOptions {
  let encoding: Encoding = "utf8";
  let memory: CoreItem | null = null;
  let realloc: CoreItem | null = null;
  let postReturn: CoreItem | null = null;
  for (let left = reader.count(); left > 0; left -= 1) {
    const offset = reader.at;
    const option = reader.byte();
    const said = ENCODINGS[option];
    if (said !== undefined) encoding = said;
    else if (option === 0x03) memory = entry(scope.core.memory, reader.u32(), offset);
    else if (option === 0x04) realloc = entry(scope.core.function, reader.u32(), offset);
    else if (option === 0x05) postReturn = entry(scope.core.function, reader.u32(), offset);
    else throw unsupported("asynchronous functions (WASI 0.3)", "Build the component for WASI 0.2.");
  }
  return { encoding, memory, realloc, postReturn };
}
