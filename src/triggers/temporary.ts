import type { Fault } from "../kernel/errors.ts";

/** Too many turns of the thread wait. */
const THREAD_BUSY = "THREAD_BUSY";
const TEMPORARY: ReadonlySet<Fault["kind"]> = new Set(["exhausted", "unavailable", "timeout", "storage-full"]);

/** Whether the start of a run that was refused may succeed later. */
export const isTemporary = ({ kind, code }: Pick<Fault, "kind" | "code">): boolean =>
  TEMPORARY.has(kind) || code === THREAD_BUSY;
