import { MigrateBody, MigrationReport, Location } from "./memory-migration.ts";
import { ExportQuery, ImportQuery, ImportReport } from "./memory-transfer.ts";
import { Download, operation } from "../operation.ts";

const COMMON = { tags: ["memory"], permission: "memory:admin", surfaces: ["rest", "cli"] } as const;

const exportMemory = operation({
  ...COMMON,
  name: "memoryTransfer.export",
  summary: "Export memory",
  description:
    "Streams entities, then relations. With `jsonl` the last line is `end`; without that line the export is truncated.",
  http: { method: "GET", path: "/api/v1/memory/export" },
  effect: "read",
  query: ExportQuery,
  output: Download,
});

const importMemory = operation({
  ...COMMON,
  name: "memoryTransfer.import",
  summary: "Import into memory",
  description:
    "The body is an export, or the file of the reference memory server; the format is detected. Invalid records are reported with their line and skipped. Importing the same content again changes nothing. A request that accepts application/x-ndjson is answered with MemoryImportEvents during the import.",
  http: { method: "POST", path: "/api/v1/memory/import" },
  effect: "write",
  retry: "never",
  query: ImportQuery,
  receives: ["application/x-ndjson", "application/json"],
  output: ImportReport,
  reportsProgress: true,
});

export const location = operation({
  ...COMMON,
  name: "memoryTransfer.location",
  scope: "server",
  summary: "Get the backend of memory and the running migration",
  description: "The backend in use, the backend before the last switch, and the running migration.",
  http: { method: "GET", path: "/api/v1/memory/migrations" },
  effect: "read",
  output: Location,
});

export const migrate = operation({
  ...COMMON,
  name: "memoryTransfer.migrate",
  scope: "server",
  summary: "Migrate memory to another backend",
  description:
    "Copies while the server uses the old backend, copies concurrent changes, and compares. With `switch`, the server then uses the new backend without a restart. A request that accepts application/x-ndjson is answered with MemoryMigrationEvents. The migration stops if the client disconnects, and can be resumed.",
  http: { method: "POST", path: "/api/v1/memory/migrations" },
  effect: "write",
  retry: "never",
  body: MigrateBody,
  output: MigrationReport,
  reportsProgress: true,
});

export { exportMemory as export, importMemory as import };
