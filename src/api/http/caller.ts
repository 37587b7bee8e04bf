import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import { Speaker, type SpeakerServices } from "../operations/index.ts";

const BEARER = /^Bearer +([^ ]+)$/iu;

/** As whom the sender of a request may speak: by the token in its `Authorization`. */
export function speakerOf(
  { headers }: Pick<FastifyRequest, "headers"> | Pick<IncomingMessage, "headers">,
  services: SpeakerServices,
): Speaker {
  const [, token] = BEARER.exec(headers.authorization ?? "") ?? [];
  return token === undefined ? new Speaker(services) : new Speaker(services, token);
}
