import { operations } from "../../contract/index.ts";
import type { ApiServices } from "../api-services.ts";
import { cursors } from "../handles.ts";
import { decodeCursor, pageOf } from "../page.ts";
import { implement } from "../perform.ts";

/** Throws RequestInvalidError. */
const list = implement(operations.audit.list, async ({ access: { audit } }: ApiServices, query, call) => {
  const { principal, operation, outcome, since, until, cursor, limit } = query;
  const [before] = decodeCursor(cursors.audit, cursor) ?? [];
  const { everywhere, workspace: own } = call.principal;
  const workspace = everywhere.has("audit:read") ? undefined : own;
  const filter = { workspace, principal, operation, outcome, since: normal(since), until: normal(until), before };
  const found = await audit.list({ ...filter, limit: limit + 1 });
  const { rows, next } = pageOf(found, limit, ({ seq }) => cursors.audit.encode(seq));
  return { items: [...rows], next };
});

/** A time as records have it, with milliseconds, so that texts compare like times. */
const normal = (time: string | undefined) => (time === undefined ? undefined : new Date(time).toISOString());

const exportAudit = implement(operations.audit.export, ({ access: { audit } }: ApiServices) => ({
  mediaType: "application/x-ndjson; charset=utf-8",
  content: audit.export(),
  headers: { "content-disposition": 'attachment; filename="audit.jsonl"' },
}));

const verify = implement(operations.audit.verify, async ({ access: { audit } }: ApiServices) => {
  const { broken = null, ...verified } = await audit.verify();
  return { ...verified, intact: broken === null, public_key: audit.publicKey, broken };
});

export const auditOperations = [list, exportAudit, verify] as const;
