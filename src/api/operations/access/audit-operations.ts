import { operations } from "../../contract/index.ts";
import type { ApiServices } from "../api-services.ts";
import { RequestInvalidError } from "../errors.ts";
import { implement } from "../perform.ts";

/** Throws RequestInvalidError for a cursor that is not a number. */
const list = implement(operations.audit.list, async ({ access: { audit } }: ApiServices, query) => {
  const { principal, operation, outcome, since, until, cursor, limit } = query;
  const before = cursor === undefined ? undefined : Number(cursor);
  if (before !== undefined && !Number.isSafeInteger(before))
    throw new RequestInvalidError("the cursor is invalid", "Use `next` of the page before.", { problems: ["cursor"] });
  const filter = { principal, operation, outcome, since: normal(since), until: normal(until), before };
  const found = await audit.list({ ...filter, limit: limit + 1 });
  const items = found.slice(0, limit);
  return { items: [...items], next: found.length > limit ? String(items.at(-1)?.seq) : null };
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
