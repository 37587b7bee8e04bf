import * as z from "zod";
import { ApprovalId } from "../../kernel/ids.ts";
import { approvals, ROUTES } from "../contract/index.ts";
import { approve, deny, getApproval, listApprovals } from "../operations/index.ts";
import { callerOf } from "./caller.ts";
import type { Http, HttpContext } from "./context.ts";
import { askedIds } from "./idempotency.ts";
import { failures } from "./responses.ts";

const tags = ["approvals"];
const params = z.object({ id: z.string() });

export function approvalRoutes(http: Http, { services }: HttpContext): void {
  http.get(
    ROUTES.approvals,
    {
      schema: {
        tags,
        summary: "List calls of tools that wait, or waited, for a person",
        querystring: approvals.ApprovalQuery.extend({ cursor: ApprovalId.optional() }),
        response: { 200: approvals.ApprovalPage, ...failures },
      },
    },
    async ({ query }) => listApprovals(services, query),
  );
  http.get(
    ROUTES.approval,
    { schema: { tags, summary: "One approval", params, response: { 200: approvals.Approval, ...failures } } },
    async ({ params: { id } }) => getApproval(services, id),
  );
  http.post(
    ROUTES.approve,
    {
      schema: {
        tags,
        summary: "Let a call be made, perhaps with other arguments",
        description:
          "On disk when answered. 409 APPROVAL_CLOSED says who was first; 409 APPROVAL_VOID that what was asked for has changed; 409 APPROVAL_MISMATCH that `hash` is that of another call.",
        params,
        body: approvals.ApproveBody,
        response: { 200: approvals.Approval, ...failures },
      },
    },
    async (request) =>
      approve(services, request.params.id, request.body, { approver: callerOf(request), asked: askedIds(request) }),
  );
  http.post(
    ROUTES.deny,
    {
      schema: {
        tags,
        summary: "Refuse a call; the run goes on, and the model is told why",
        params,
        body: approvals.DenyBody,
        response: { 200: approvals.Approval, ...failures },
      },
    },
    async (request) =>
      deny(services, request.params.id, request.body, { approver: callerOf(request), asked: askedIds(request) }),
  );
}
