import type { FastifyReply, FastifyRequest } from "fastify";
import { logLevelOf, toFault } from "../../kernel/errors.ts";
import { log } from "../../kernel/log.ts";
import { problemOf } from "./problem.ts";

/** Lines of JSON. */
export const LINES = "application/x-ndjson";
/** Between two lines that say how far it is. */
const TOLD_MS = 200;

export const wantsLines = ({ headers }: FastifyRequest): boolean => headers.accept?.includes(LINES) === true;

/** Says how far some work is while it goes on, as `progress`, and last how it ended: `done` with a report, or `problem`. */
export async function answerInLines(
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
  const tell = (event: object) => void response.write(`${JSON.stringify(event)}\n`);
  let toldMs = 0;
  try {
    const report = await work((progress) => {
      const nowMs = performance.now();
      // A reader who takes nothing is told less.
      if (nowMs - toldMs < TOLD_MS || response.writableNeedDrain) return;
      toldMs = nowMs;
      tell({ type: "progress", ...progress });
    });
    tell({ type: "done", report });
  } catch (error) {
    const fault = toFault(error);
    const said = { requestId: request.id, code: fault.code, err: error };
    log[logLevelOf(error)](said, "work that was followed line by line failed");
    tell({ type: "problem", problem: problemOf(fault, request.id) });
  }
  response.end();
}
