import type { FastifyRequest } from "fastify";
import { type Approver, LOCAL_APPROVER } from "../../permissions/index.ts";

/** Who sends a request. Without authentication everyone who reaches the port may do everything. */
export const callerOf = (_request: FastifyRequest): Approver => LOCAL_APPROVER;
