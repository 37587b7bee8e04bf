import * as z from "zod";
import { Approval, ApprovalPage, ApprovalQuery, ApproveBody, DenyBody } from "./approvals.ts";
import { operation } from "../operation.ts";

const COMMON = { tags: ["approvals"], surfaces: ["rest", "cli"] } as const;
const READ = { ...COMMON, permission: "approvals:read", effect: "read" } as const;
const DECIDE = { ...COMMON, permission: "approvals:decide", effect: "write", retry: "by-key" } as const;
const params = z.object({ id: z.string() });

export const list = operation({
  ...READ,
  name: "approval.list",
  narrowed: { by: ["agents"] },
  summary: "List tool calls that wait, or waited, for a decision",
  http: { method: "GET", path: "/api/v1/approvals" },
  query: ApprovalQuery,
  output: ApprovalPage,
});

export const get = operation({
  ...READ,
  name: "approval.get",
  narrowed: { by: ["agents"] },
  summary: "Get an approval",
  http: { method: "GET", path: "/api/v1/approvals/:id" },
  params,
  output: Approval,
});

export const approve = operation({
  ...DECIDE,
  name: "approval.approve",
  isUrgent: true,
  narrowed: { by: ["agents"] },
  summary: "Approve a tool call, optionally with other arguments",
  description:
    "Stored when answered. 409 APPROVAL_CLOSED: it was decided before. 409 APPROVAL_VOID: the call has changed. 409 APPROVAL_MISMATCH: `hash` is that of another call.",
  http: { method: "POST", path: "/api/v1/approvals/:id/approve" },
  params,
  body: ApproveBody,
  output: Approval,
});

export const deny = operation({
  ...DECIDE,
  name: "approval.deny",
  isUrgent: true,
  narrowed: { by: ["agents"] },
  summary: "Deny a tool call",
  description: "The run continues, and the model receives the reason.",
  http: { method: "POST", path: "/api/v1/approvals/:id/deny" },
  params,
  body: DenyBody,
  output: Approval,
});
