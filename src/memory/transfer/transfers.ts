import { createHash } from "node:crypto";
import * as z from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { Memory } from "../knowledge/index.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { MemoryImportInvalidError, MemoryImportRunningError, MemoryTransfersFullError } from "./errors.ts";
import { exportMemory, type ExportOptions } from "./export.ts";
import { importMemory, type ImportOptions } from "./import/import.ts";
import type { ImportProgress, ImportReport } from "./report.ts";

/** Interval between two checkpoints of an import. */
const NOTE_MS = 500;

const Counts = z.object({
  created: z.int(),
  changed: z.int(),
  unchanged: z.int(),
  skipped: z.int(),
});
const Progress = z.object({ records: z.int(), entities: Counts, relations: Counts, problems: z.int() });

export type ImportRequest = Omit<ImportOptions, "from" | "clock"> & {
  /** Identifies the content; an import with the same key resumes an interrupted one. */
  readonly key: string | undefined;
};

/**
 * Exports and imports of a server's memory, a limited number at once.
 * transfer.transfers.T1. Records reported to `onProgress` are stored, even if the process is killed.
 * transfer.transfers.T2. Repeating an interrupted import resumes it; no record is stored twice.
 */
export class MemoryTransfers {
  readonly #memory: Memory;
  readonly #checkpoints: Checkpoints;
  readonly #clock: Clock;
  #exports = 0;
  /** By name; imports without a key are numbered. */
  readonly #imports = new Set<string>();
  #unnamed = 0;

  constructor(deps: { readonly memory: Memory; readonly checkpoints: Checkpoints; readonly clock: Clock }) {
    this.#memory = deps.memory;
    this.#checkpoints = deps.checkpoints;
    this.#clock = deps.clock;
  }

  /** Yields memory as text. Throws MemoryTransfersFullError before the first part. */
  async *export(options: Omit<ExportOptions, "nowMs">): AsyncGenerator<string, void, undefined> {
    if (this.#exports >= LIMITS.memoryExportsMax) throw full("exports", LIMITS.memoryExportsMax);
    this.#exports += 1;
    try {
      yield* exportMemory(this.#memory, { ...options, nowMs: this.#clock.nowMs() });
    } finally {
      this.#exports -= 1;
    }
  }

  /** Rejects with the errors of `importMemory`, MemoryTransfersFullError, MemoryImportRunningError. */
  async import(pieces: AsyncIterable<Uint8Array>, request: ImportRequest): Promise<ImportReport> {
    const name = request.key === undefined || request.isTrial ? undefined : nameOf(request.key, request);
    const place = name ?? `${(this.#unnamed += 1)}`;
    if (this.#imports.has(place)) {
      throw new MemoryImportRunningError(
        "this import is already running",
        "Wait until it ends, or until the server detects that its client has disconnected, then retry.",
        {},
      );
    }
    if (this.#imports.size >= LIMITS.memoryImportsMax) throw full("imports", LIMITS.memoryImportsMax);
    this.#imports.add(place);
    try {
      return await this.#import(pieces, request, name);
    } finally {
      this.#imports.delete(place);
    }
  }

  async #import(
    pieces: AsyncIterable<Uint8Array>,
    request: ImportRequest,
    name: string | undefined,
  ): Promise<ImportReport> {
    const from = name === undefined ? undefined : Progress.safeParse(await this.#checkpoints.read(name)).data;
    let notedMs = 0;
    const onProgress = async (progress: ImportProgress): Promise<void> => {
      const nowMs = this.#clock.monotonicMs();
      if (name !== undefined && nowMs - notedMs >= NOTE_MS) {
        await this.#checkpoints.write(name, progress);
        notedMs = nowMs;
      }
      await request.onProgress?.(progress);
    };
    const report = await importMemory(this.#memory, withinBytes(pieces), {
      ...request,
      from,
      clock: this.#clock,
      onProgress,
    });
    if (name !== undefined) await this.#checkpoints.remove(name);
    return report;
  }
}

/** The same content with other options is another import. */
const nameOf = (key: string, { merge, scope }: ImportRequest): string =>
  `import-${createHash("sha256")
    .update(JSON.stringify([key, merge, scope]))
    .digest("hex")
    .slice(0, 32)}`;

const full = (what: string, max: number): MemoryTransfersFullError =>
  new MemoryTransfersFullError(`${max} ${what} of memory are already running`, "Retry when one of them has ended.", {
    max,
  });

async function* withinBytes(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > LIMITS.memoryImportBytesMax) {
      throw new MemoryImportInvalidError(
        `an import is limited to ${LIMITS.memoryImportBytesMax} bytes`,
        "Split it: lines of JSON can be cut between any two, entities first.",
        { line: 0 },
      );
    }
    yield piece;
  }
}
