import type { FastifyInstance, FastifyRequest } from "fastify";
import { type Json, parseJson, REQUEST_VALUES_MAX } from "../../../kernel/json.ts";
import { LIMITS } from "../../../kernel/quantities.ts";
import { RequestInvalidError } from "../../operations/index.ts";
import type { RequestBodies } from "../slow-clients.ts";

/** Reads bodies of a media type as JSON. `mayBeEmpty`: an empty body counts as absent, although its type is stated. */
export function readJson(
  scope: Pick<FastifyInstance, "addContentTypeParser">,
  mediaType: string,
  bodies: Pick<RequestBodies, "received">,
  { mayBeEmpty = false }: { readonly mayBeEmpty?: boolean } = {},
): void {
  scope.addContentTypeParser(
    mediaType,
    { parseAs: "string" },
    async (request: FastifyRequest, body: string | Buffer) => {
      bodies.received(request, body.length);
      if (mayBeEmpty && body.length === 0) return null;
      return jsonBody(String(body), request.routeOptions.bodyLimit);
    },
  );
}

/**
 * A body as JSON. Its depth is limited, since what walks it does so by recursion, and so is the number of its values, in proportion to
 * the bytes that its route takes: exports of runs are large. Throws RequestInvalidError.
 */
function jsonBody(text: string, bytesMax: number = LIMITS.bodyBytesMax): Json {
  const parsed = parseJson(text, (REQUEST_VALUES_MAX * bytesMax) / LIMITS.bodyBytesMax);
  if (parsed.type === "parsed") return parsed.value;
  throw new RequestInvalidError(`the body is not JSON: ${parsed.reason}`, "", {
    problems: [parsed.reason],
  });
}
