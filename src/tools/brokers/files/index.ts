/** The file system as guests may see it. */
export { type AuditRecord, FileBroker, type FileBrokerOptions } from "./file-broker.ts";
