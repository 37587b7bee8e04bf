import type * as z from "zod";
import { MemoryValueError } from "../../memory/knowledge/index.ts";
import type { ImportProgress, MemoryTransfers } from "../../memory/transfer/index.ts";
import type { memoryTransfer as schemas } from "../contract/index.ts";
import type * as contract from "../contract/index.ts";
import { scopeKeyOf } from "./present-memory.ts";
import { DEFAULT_WORKSPACE } from "./default-workspace.ts";

export type MemoryTransferServices = { readonly memoryTransfers: MemoryTransfers };

const keyOf = (scope: string) => scopeKeyOf(DEFAULT_WORKSPACE, scope);

/** Memory as text, in pieces. Throws MemoryValueError; at the first piece MemoryTransfersFullError. */
export function exportMemory(
  { memoryTransfers }: MemoryTransferServices,
  { format, scopes, embeddings, history }: z.output<typeof schemas.ExportQuery>,
): AsyncGenerator<string, void, undefined> {
  if (format === "mcp" && (scopes ?? []).length > 1) {
    throw new MemoryValueError(
      "lines of the reference memory server have no scopes, so that they are of one",
      "Export each scope into a file of its own, or use the format jsonl.",
      { field: "scopes" },
    );
  }
  const wanted = format === "mcp" ? (scopes ?? ["workspace"]) : scopes;
  return memoryTransfers.export({
    format,
    scopes: wanted?.map(keyOf),
    hasEmbeddings: embeddings,
    hasHistory: history,
  });
}

export type ImportWatch = {
  /** Told after each batch: all up to there is in memory. */
  readonly onProgress: (progress: Omit<Extract<contract.MemoryImportEvent, { type: "progress" }>, "type">) => void;
  readonly signal: AbortSignal;
};

/** Rejects with what `MemoryTransfers.import` rejects with. */
export async function importMemory(
  { memoryTransfers }: MemoryTransferServices,
  pieces: AsyncIterable<Uint8Array>,
  { merge, scope, dry_run, source, key }: z.output<typeof schemas.ImportQuery>,
  { onProgress, signal }: ImportWatch,
): Promise<contract.MemoryImportReport> {
  let bytes = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of pieces) {
      bytes += piece.length;
      yield piece;
    }
  };
  const { shown, resumed, isWhole, ...progress } = await memoryTransfers.import(counted(), {
    merge,
    scope: scope === undefined ? undefined : keyOf(scope),
    scopeKey: keyOf,
    isTrial: dry_run,
    source,
    key,
    signal,
    onProgress: (now) => onProgress({ ...presentProgress(now), bytes }),
  });
  return { ...presentProgress(progress), resumed, whole: isWhole, dry_run, items: [...shown] };
}

const presentProgress = ({ records, entities, relations, problems }: ImportProgress) => ({
  records,
  entities,
  relations,
  problems,
});
