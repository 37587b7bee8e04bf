import type { FastifyReply, FastifyRequest } from "fastify";
import { logLevelOf, toFault } from "../../../kernel/errors.ts";
import { log } from "../../../kernel/log.ts";
import { problemOf } from "./problem.ts";

/** Media type of JSON lines. */
export const LINES = "application/x-ndjson";
/** Minimum time between two progress lines. */
const PROGRESS_MS = 200;

export const acceptsNdjson = ({ headers }: FastifyRequest): boolean => headers.accept?.includes(LINES) === true;

/** Responds with JSON lines: `progress` while the work runs, then `done` with its report, or `problem`. */
export async function respondNdjson(
  request: FastifyRequest,
  reply: FastifyReply,
  work: (onProgress: (progress: object) => void) => Promise<unknown>,
): Promise<void> {
  reply.hijack();
  const { raw: response } = reply;
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) response.setHeader(name, value);
  }
  response.writeHead(200, { "content-type": `${LINES}; charset=utf-8`, "cache-control": "no-store" });
  response.flushHeaders();
  const send = (event: object) => void response.write(`${JSON.stringify(event)}\n`);
  let sentMs = 0;
  try {
    const report = await work((progress) => {
      const nowMs = performance.now();
      // A slow reader receives fewer progress lines.
      if (nowMs - sentMs < PROGRESS_MS || response.writableNeedDrain) return;
      sentMs = nowMs;
      send({ type: "progress", ...progress });
    });
    send({ type: "done", report });
  } catch (error) {
    const fault = toFault(error);
    const said = { requestId: request.id, code: fault.code, err: error };
    log[logLevelOf(error)](said, "work with streamed progress failed");
    send({ type: "problem", problem: problemOf(fault, request.id) });
  }
  response.end();
}
