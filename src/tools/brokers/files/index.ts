/** The file system as guests may see it. */
export { type AuditRecord, FileBroker } from "./file-broker.ts";
