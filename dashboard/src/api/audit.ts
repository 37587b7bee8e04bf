import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";
import { operations, type OutputOf } from "../../../src/api/contract/index.ts";
import { call } from "./client.ts";
import { pagesFrom } from "./page.ts";

export type AuditRecord = OutputOf<typeof operations.audit.list>["items"][number];
export type AuditOutcome = "allowed" | "denied" | "failed";
export type AuditFilter = {
  readonly outcome?: AuditOutcome | undefined;
  readonly principal?: string | undefined;
  readonly operation?: string | undefined;
};

const PAGE_SIZE = 50;

export const auditQuery = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ["audit", filter],
    ...pagesFrom((cursor, signal) => call(operations.audit.list, { ...filter, cursor, limit: PAGE_SIZE }, signal)),
    placeholderData: keepPreviousData,
  });

export const verifyAudit = () => call(operations.audit.verify, {});
