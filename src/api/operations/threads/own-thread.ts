import type { Admission } from "../../../access/index.ts";
import type { RunServices } from "../../../runs/index.ts";

type Thread = ReturnType<RunServices["threads"]["get"]>;

/** Returns a thread that the operation may use; one of another workspace, or outside the caller's grants, is not found. Throws ThreadNotFoundError. */
export function ownThread(
  { threads }: RunServices,
  admission: Pick<Admission, "principal" | "covers">,
  text: string,
): Thread {
  const thread = threads.find(admission.principal.workspace, text);
  return admission.covers("agents", thread.agent) ? thread : threads.find("", text);
}
