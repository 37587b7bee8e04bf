import type { FastifyRequest } from "fastify";
import * as z from "zod";
import { LIMITS } from "../../kernel/quantities.ts";
import { HOOK_PATH } from "../contract/index.ts";
import { checkInput } from "../operations/index.ts";
import type { Http, HttpContext } from "./context.ts";
import { HookUnverifiedError } from "./errors.ts";
import { originOf } from "./requests/admission.ts";

const HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;
const OPERATION = { name: "trigger.receive", permission: null } as const;
const Named = z.object({ id: z.string() });

/** Receives webhooks that start runs. The body is read as bytes, which the signature covers. */
export function hookRoutes(http: Http, { services: { access, triggers } }: HttpContext): void {
  void http.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      "*",
      { parseAs: "buffer" },
      async (_request: FastifyRequest, body: string | Buffer) => body,
    );
    scope.post(HOOK_PATH, { schema: { hide: true }, bodyLimit: LIMITS.hookBodyBytesMax }, async (request, reply) => {
      void reply.headers(HEADERS);
      const { id } = checkInput(Named, request.params);
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const received = await triggers.hooks.receive(id, { headers: request.headers, body });
      if (received.type === "refused") {
        const error = new HookUnverifiedError(received.reason);
        access.access.failed(originOf(request), error.code, OPERATION);
        throw error;
      }
      const { key, outcome, runId } = received.fire;
      const run = outcome === "skipped" || outcome === "failed" ? null : runId;
      return reply.status(received.isNew ? 202 : 200).send({ event: key.slice("hook ".length), outcome, run });
    });
  });
}
