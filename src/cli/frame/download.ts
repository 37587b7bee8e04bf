import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rename, rm, stat, writeFile } from "node:fs/promises";
import type { Writable } from "node:stream";
import { type Operation, requestPath } from "../../api/contract/index.ts";
import { type Query, unwritable } from "../client/index.ts";
import type { Context } from "./context.ts";
import { ExportInterruptedError } from "./errors.ts";
import { onInterrupt } from "./interrupt.ts";

const LINE_FEED = 10;

type Wanted = {
  readonly operation: Operation;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Query;
  /** Undefined for standard output. */
  readonly file: string | undefined;
  readonly onLines?: (lines: number) => void;
};

/**
 * Writes an export to a file, completely or not at all, or to standard output. Throws UnwritableFileError and
 * ExportInterruptedError.
 */
export async function download(
  { terminal, client }: Context,
  { operation, params = {}, query = {}, file, onLines = () => undefined }: Wanted,
): Promise<{ readonly bytes: number; readonly lines: number }> {
  // Before the server is asked for what could then not be kept.
  const part = file === undefined ? undefined : `${file}.part`;
  if (file !== undefined && part !== undefined) await tryToWrite(file, part);
  const stop = new AbortController();
  using interrupts = new DisposableStack();
  interrupts.use(onInterrupt(() => stop.abort()));
  const response = await client.open({
    method: "GET",
    path: requestPath(operation, params),
    query,
    headers: { accept: "*/*" },
    signal: stop.signal,
  });
  const output = part === undefined ? terminal.streams.output : createWriteStream(part);
  try {
    const copied = await copy(response, output, onLines);
    terminal.status(undefined);
    if (part === undefined || file === undefined) return copied;
    output.end();
    await once(output, "close");
    await rename(part, file);
    return copied;
  } catch (error) {
    if (part !== undefined) {
      output.destroy();
      await rm(part, { force: true });
    }
    if (stop.signal.aborted) throw error;
    throw unwritable(file ?? "standard output", error) ?? new ExportInterruptedError(error);
  }
}

/** Throws UnwritableFileError. */
async function tryToWrite(file: string, part: string): Promise<void> {
  try {
    await writeFile(part, "");
    await rm(part);
    // A directory alone cannot be written to and yet stand there.
    if ((await stat(file).catch(() => undefined))?.isDirectory() === true) await writeFile(file, "", { flag: "a" });
  } catch (error) {
    throw unwritable(file, error) ?? error;
  }
}

async function copy(
  response: Response,
  output: Writable,
  onLines: (lines: number) => void,
): Promise<{ readonly bytes: number; readonly lines: number }> {
  let bytes = 0;
  let lines = 0;
  const failed = Promise.withResolvers<never>();
  // It is not awaited unless a write fails.
  failed.promise.catch(() => undefined);
  output.once("error", failed.reject);
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    for (const byte of piece) if (byte === LINE_FEED) lines += 1;
    if (!output.write(piece)) await Promise.race([once(output, "drain"), failed.promise]);
    onLines(lines);
  }
  return { bytes, lines };
}
