import { type MemoryImportReport, ROUTES } from "../../../src/api/contract/index.ts";
import { ask } from "./client.ts";
import { withQuery } from "./queries.ts";

/** Where a browser gets all of memory from. */
export const exportAddress = `${ROUTES.exportMemory}?format=jsonl`;

export type Importing = {
  readonly file: File;
  readonly merge: "update" | "skip" | "error";
  readonly scope: string | undefined;
  /** What would become of it; nothing is changed. */
  readonly isTrial: boolean;
};

export const importMemory = ({ file, merge, scope, isTrial }: Importing) =>
  ask<MemoryImportReport>(
    withQuery(ROUTES.importMemory, { merge, scope, dry_run: String(isTrial), source: file.name }),
    { method: "POST", file },
  );
