import type { FastifyReply } from "fastify";
import { CancelledError } from "../../../kernel/errors.ts";

/**
 * Aborts, with a CancelledError, when the client goes before it has its whole answer. It listens to the response: a request whose body is read says
 * nothing more.
 */
export function abortOnDisconnect({ raw }: FastifyReply): AbortController {
  const controller = new AbortController();
  const gone = () => {
    if (!raw.writableFinished) controller.abort(new CancelledError("the request, whose client went,"));
  };
  if (raw.closed) gone();
  else raw.once("close", gone);
  return controller;
}
