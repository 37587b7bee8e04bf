import type { FastifyRequest } from "fastify";
import type { Access, Admission, Guarded } from "../../../access/index.ts";
import { credentialsOf } from "./credentials.ts";

const admissions = new WeakMap<FastifyRequest, Admission>();

/** Authorizes a request for an operation. Throws what `Access.admit` does. */
export async function admit(access: Access, operation: Guarded, request: FastifyRequest): Promise<void> {
  admissions.set(request, await access.admit(operation, credentialsOf(request.raw, request.ip)));
}

/** The admission of a request to an operation's route. */
export function admissionOf(request: FastifyRequest): Admission {
  const found = admissions.get(request);
  if (found === undefined) throw new Error(`${request.url} was not admitted`);
  return found;
}
