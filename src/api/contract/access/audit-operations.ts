import { Download, operation } from "../operation.ts";
import { AuditPage, AuditQuery, AuditVerification } from "./audit.ts";

const READ = {
  tags: ["access"],
  permission: "audit:read",
  effect: "read",
  surfaces: ["rest", "cli"],
} as const;

export const list = operation({
  ...READ,
  name: "audit.list",
  summary: "List audit records, newest first",
  description:
    "Denials, and operations that changed something. Reads are not recorded. Without audit:read in every workspace, records of the workspace of the request.",
  http: { method: "GET", path: "/api/v1/audit" },
  query: AuditQuery,
  output: AuditPage,
});

const exportAudit = operation({
  ...READ,
  name: "audit.export",
  scope: "server",
  summary: "Export the audit log",
  description:
    "JSON lines: a header with the public key, then each record, and after each segment its signed checkpoint. `caxton audit verify <file>` verifies the file without a server.",
  http: { method: "GET", path: "/api/v1/audit/export" },
  output: Download,
});

export const verify = operation({
  ...READ,
  name: "audit.verify",
  scope: "server",
  summary: "Verify the audit log",
  description: "Checks the hash of every record and the signature of every checkpoint.",
  http: { method: "GET", path: "/api/v1/audit/verify" },
  output: AuditVerification,
});

export { exportAudit as export };
