import { MemoryValueError } from "../../../memory/knowledge/index.ts";
import { CONSISTENCY_MIN, type ImportProgress, type MigrationProgress } from "../../../memory/transfer/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import { implement } from "../perform.ts";
import { changeableKeyOf, keysOf, ownScopes } from "./memory-scopes.ts";
import { instant } from "../instant.ts";

type Progress<Event extends { readonly type: string }> = Omit<Extract<Event, { type: "progress" }>, "type">;

/** Throws MemoryValueError; with the first part of the file MemoryTransfersFullError. */
const exportMemory = implement(operations.memoryTransfer.export, async ({ memory }, query, call) => {
  const { format, scopes, embeddings, history } = query;
  if (format === "mcp" && (scopes ?? []).length > 1) {
    throw new MemoryValueError(
      "lines of the reference memory server have no scopes, so that they are of one",
      "Export each scope into a file of its own, or use the format jsonl.",
      { field: "scopes" },
    );
  }
  const wanted = format === "mcp" ? (scopes ?? ["workspace"]) : scopes;
  const isDocument = format === "json";
  return {
    mediaType: `${isDocument ? "application/json" : "application/x-ndjson"}; charset=utf-8`,
    content: memory.transfers.export({
      format,
      scopes:
        wanted === undefined
          ? await ownScopes(memory.memory, call, operations.memoryTransfer.export)
          : keysOf(call, wanted),
      hasEmbeddings: embeddings,
      hasHistory: history,
    }),
    headers: { "content-disposition": `attachment; filename="memory.${isDocument ? "json" : "jsonl"}"` },
  };
});

/** Reports progress after each batch, which is then stored. Throws what `MemoryTransfers.import` does. */
const importMemory = implement(
  operations.memoryTransfer.import,
  async ({ memory }, { merge, scope, dry_run, source, key }, call) => {
    const { received, signal, onProgress } = call;
    const scopeKeyFor = (text: string) => changeableKeyOf(call, text, operations.memoryTransfer.import);
    let bytes = 0;
    const counted = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const piece of received.content) {
        bytes += piece.length;
        yield piece;
      }
    };
    const { shown, resumed, isWhole, ...progress } = await memory.transfers.import(counted(), {
      merge,
      scope: scope === undefined ? undefined : scopeKeyFor(scope),
      scopeKey: scopeKeyFor,
      isTrial: dry_run,
      source,
      // The same key in two workspaces is two imports.
      key: key && `${call.principal.workspace}/${key}`,
      signal,
      onProgress: (now) => {
        const event: Progress<contract.MemoryImportEvent> = { ...presentImport(now), bytes };
        onProgress(event);
      },
    });
    return { ...presentImport(progress), resumed, whole: isWhole, dry_run, items: [...shown] };
  },
);

const presentImport = ({ records, entities, relations, problems }: ImportProgress) => ({
  records,
  entities,
  relations,
  problems,
});

const presentMigration = ({ phase, entities, relations, followed, all }: MigrationProgress) =>
  ({ phase, entities, relations, followed, all }) satisfies Progress<contract.MemoryMigrationEvent>;

/** Throws MigrationRefusedError, CancelledError, MemoryUnavailableError. */
const migrate = implement(
  operations.memoryTransfer.migrate,
  async ({ memory: { memory, migrations } }, { from, to, resume, cutover: isCutover }, call) => {
    const { signal, onProgress } = call;
    const place = from ?? memory.store.name;
    const { progress, comparison, hasCutOver } = await migrations.migrate({
      from: place,
      to,
      isResumed: resume,
      isCutover,
      signal,
      onProgress: (now) => onProgress(presentMigration(now)),
    });
    return {
      from: place,
      to,
      ...presentMigration(progress),
      ...comparison,
      queries: [...comparison.queries],
      cut_over: hasCutOver,
      sound: comparison.consistency >= CONSISTENCY_MIN,
    };
  },
);

/** Throws MemoryBackendUnknownError. */
const location = implement(operations.memoryTransfer.location, async ({ memory: { migrations } }) => {
  const { place, configured, note, running } = await migrations.location();
  return {
    backend: place,
    configured,
    previous_backend: note?.seq === undefined ? null : { backend: note.was, at: instant(note.atMs) },
    migration: running
      ? {
          from: running.from,
          to: running.to,
          progress: running.progress ? presentMigration(running.progress) : null,
        }
      : null,
  };
});

export const memoryTransferOperations = [exportMemory, importMemory, migrate, location] as const;
