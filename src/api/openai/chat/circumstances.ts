import type { FastifyRequest } from "fastify";
import { operations, type RunDetail } from "../../contract/index.ts";
import type { Caller } from "../../operations/index.ts";
import type { OpenAiOptions } from "../options.ts";

/** Value of the header `x-caxton-purpose`. */
export const purposeOf = ({ headers }: FastifyRequest): string | undefined => {
  const value = headers["x-caxton-purpose"];
  return typeof value === "string" ? value : undefined;
};

/** Address of the dashboard. */
export function dashboardOf(request: FastifyRequest, { publicUrl }: OpenAiOptions): string {
  const base = publicUrl?.replace(/\/$/, "") ?? `${request.protocol}://${request.headers.host ?? "localhost"}`;
  return `${base}/ui`;
}

/** The run that answers, after those that were handed off to it, from the one with the id `first`. */
export async function runsTo(caller: Caller, first: string, last: RunDetail): Promise<readonly RunDetail[]> {
  let earliest = last;
  const found = [last];
  while (earliest.id !== first && earliest.handed_from !== null) {
    earliest = await caller.perform(operations.run.get, { id: earliest.handed_from });
    found.unshift(earliest);
  }
  return found;
}

/** Cancels the run when the client disconnects before its end. */
export function cancelWith(caller: Caller, id: string): void {
  const lasting = caller.detached();
  caller.signal.addEventListener(
    "abort",
    () => {
      // A run that has ended cannot be cancelled, and need not.
      lasting.perform(operations.run.cancel, { id }).catch(() => undefined);
    },
    { once: true },
  );
}
