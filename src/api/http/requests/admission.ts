import type { FastifyRequest } from "fastify";
import type { Access, Admission, Attempt, Origin } from "../../../access/index.ts";
import { credentialsOf } from "./credentials.ts";

const admissions = new WeakMap<FastifyRequest, Admission>();

/** Authorizes a request for an operation. Throws what `Access.admit` does. */
export async function admit(
  access: Access,
  operation: Attempt["operation"],
  request: FastifyRequest,
): Promise<Admission> {
  const credentials = credentialsOf(request.raw, originOf(request));
  const admission = await access.admit(operation, request.params, credentials);
  admissions.set(request, admission);
  return admission;
}

export const originOf = ({ ip, id }: FastifyRequest): Origin => ({ address: ip, requestId: id });

/** The admission of a request to an operation's route. */
export function admissionOf(request: FastifyRequest): Admission {
  const found = admissions.get(request);
  if (found === undefined) throw new Error(`${request.url} was not admitted`);
  return found;
}
