import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A fresh directory, gone when disposed. */
export function tempDirectory(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "caxton-test-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
