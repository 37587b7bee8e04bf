import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrokeredFile, Caller, OpenFlags, Refusal, Refused } from "../../sandbox/index.ts";
import { mint, ToolCallId } from "../../../kernel/ids.ts";
import { type AttachedFile, type FileGrant, NO_GRANTS } from "../../catalogue/index.ts";
import { type AuditRecord, FileBroker } from "./file-broker.ts";

export const READ: OpenFlags = { access: "read", create: false, exclusive: false, truncate: false, follow: true };
export const WRITE: OpenFlags = { access: "write", create: true, exclusive: false, truncate: true, follow: true };

/** A root with data/ in it, and a secret beside it. What is `closed` is below the root. */
export function place({
  closed = [],
  ...options
}: { readonly fileBytesMax?: number; readonly closed?: readonly string[] } = {}) {
  const base = mkdtempSync(join(tmpdir(), "caxton-broker-"));
  const root = join(base, "place");
  mkdirSync(join(root, "data", "deep"), { recursive: true });
  mkdirSync(join(root, "private"));
  writeFileSync(join(root, "data", "a.csv"), "a,b\n1,2\n");
  writeFileSync(join(root, "data", "deep", "b.txt"), "deep");
  writeFileSync(join(root, "data", ".env"), "KEY=secret");
  writeFileSync(join(root, "private", "key.txt"), "secret");
  writeFileSync(join(base, "outside.txt"), "secret");
  const records: AuditRecord[] = [];
  const broker = new FileBroker({
    root,
    closed: closed.map((path) => join(root, path)),
    audit: (record) => records.push(record),
    ...options,
  });
  return { base, root, broker, records, [Symbol.dispose]: () => rmSync(base, { recursive: true, force: true }) };
}

export const caller = (files: readonly FileGrant[], attached: readonly AttachedFile[] = []): Caller => ({
  server: "t",
  grants: { ...NO_GRANTS, files },
  call: mint(ToolCallId),
  context: { session: "run-1", workspace: "default", agent: "helper", files: attached },
});

/** May read `data` and write `out`. */
export const writer = caller([
  { path: "data", access: "read" },
  { path: "out", access: "write" },
]);

export const isRefused = (value: unknown): value is Refused =>
  typeof value === "object" && value !== null && "reason" in value;

/** Why something was refused; "done" when it was not. */
export async function outcome(asked: Promise<unknown>): Promise<Refusal | "done"> {
  const value = await asked;
  return isRefused(value) ? value.reason : "done";
}

/** The file's text, or why it is refused. */
export async function read(broker: FileBroker, who: Caller, path: string, flags = READ): Promise<string> {
  const file: BrokeredFile | Refused = await broker.open(who, path, flags);
  if (isRefused(file)) return file.reason;
  const bytes = await file.read(0, 1_000);
  await file.close();
  return isRefused(bytes) ? bytes.reason : Buffer.from(bytes).toString();
}

export async function write(broker: FileBroker, who: Caller, path: string, text: string): Promise<string> {
  const file = await broker.open(who, path, WRITE);
  if (isRefused(file)) return file.reason;
  const written = await file.write(0, Buffer.from(text));
  await file.close();
  return isRefused(written) ? written.reason : "written";
}

export const list = async (broker: FileBroker, who: Caller, path: string): Promise<readonly string[] | string> => {
  const listing = await broker.list(who, path);
  return isRefused(listing)
    ? listing.reason
    : listing.entries.map(({ name, kind }) => (kind === "directory" ? `${name}/` : name)).toSorted();
};
