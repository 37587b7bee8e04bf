import type { MemoryImportEvent, MemoryImportReport } from "../../../../src/api/contract/index.ts";
import { listed, operations } from "../../../../src/api/contract/index.ts";
import { ProblemError, unreachable } from "../client.ts";
import { follow } from "../lines.ts";
import { withQuery } from "../queries.ts";
import { inWorkspace } from "../workspace.ts";

export type Exporting = {
  readonly format: "jsonl" | "json" | "mcp";
  /** Without it all. */
  readonly scope: string | undefined;
  readonly history: boolean;
  readonly embeddings: boolean;
};

/** Where a browser gets memory from as a file. */
export const exportAddress = ({ format, scope, history, embeddings }: Exporting): string =>
  inWorkspace(
    withQuery(operations.memoryTransfer.export.http.path, {
      format,
      scopes: scope === undefined ? undefined : listed([scope]),
      history: history ? "true" : undefined,
      embeddings: embeddings ? "true" : undefined,
    }),
  );

export type Importing = {
  readonly file: File;
  readonly merge: "update" | "skip" | "error";
  readonly scope: string | undefined;
  /** Reports the outcome without changing anything. */
  readonly isTrial: boolean;
};

export type ImportProgress = Extract<MemoryImportEvent, { type: "progress" }>;

/** Reports progress while the server reads the file. Throws ProblemError, also if the response ends before its report. */
export async function importMemory(
  { file, merge, scope, isTrial }: Importing,
  signal: AbortSignal,
  onProgress: (progress: ImportProgress) => void,
): Promise<MemoryImportReport> {
  const path = withQuery(operations.memoryTransfer.import.http.path, {
    merge,
    scope,
    dry_run: String(isTrial),
    source: file.name,
  });
  for await (const event of follow<MemoryImportEvent>(path, { body: file, signal })) {
    if (event.type === "done") return event.report;
    if (event.type === "problem") throw new ProblemError(event.problem);
    onProgress(event);
  }
  throw new ProblemError(unreachable());
}
