import { type Approval, operations, type RunDetail } from "../../../api/contract/index.ts";
import { isJsonObject, type JsonObject, parseJson } from "../../../kernel/json.ts";
import { AwaitingApprovalError, type Context, reportError, showDocument } from "../../frame/index.ts";
import { safeText } from "../../terminal/index.ts";
import { argumentsWhole, callLine, whyAsked } from "./approval-lines.ts";

export type Yes = {
  /** Hash of the call that was displayed. */
  readonly hash: string | undefined;
  readonly arguments?: JsonObject | undefined;
  readonly note: string;
  readonly remember: boolean;
};

export const sendYes = ({ client }: Context, id: string, body: Yes) =>
  client.call(operations.approval.approve, { id, ...body });

export const sendNo = ({ client }: Context, id: string, body: Pick<Yes, "hash"> & { readonly reason: string }) =>
  client.call(operations.approval.deny, { id, ...body });

/** Asks the user at the terminal for pending approvals, or prints how to answer them. Returns true if the run continues. */
export async function approveHere(context: Context, run: RunDetail, signal: AbortSignal): Promise<boolean> {
  const { terminal, format } = context;
  terminal.status(undefined);
  if (format === "json") await showDocument(context, run);
  if (format !== "text") return false;
  const open = run.approvals.filter(({ state }) => state === "open");
  if (terminal.canAsk) {
    for (const approval of open) if (await ask(context, approval, signal)) return true;
    if (signal.aborted) return false;
  }
  const calls = open.map(callLine).join("; ");
  reportError(
    new AwaitingApprovalError(
      open.map(({ id }) => id),
      calls,
    ),
    terminal,
    { asJson: false, debug: false },
  );
  return false;
}

/** Whether it was answered. */
async function ask(context: Context, approval: Approval, signal: AbortSignal): Promise<boolean> {
  const { terminal } = context;
  const { id, hash } = approval;
  terminal.endLine();
  const prompts = await import("@clack/prompts");
  const output = terminal.streams.error;
  const picked = await prompts.select({
    message: safeText(`${approval.tool}\n${argumentsWhole(approval)}\n${whyAsked(approval)}`),
    output,
    signal,
    options: [
      { value: "yes", label: "Yes, make this call" },
      { value: "always", label: `Yes, and do not ask again for ${approval.tool} in this run` },
      { value: "edit", label: "Change the arguments first" },
      { value: "no", label: "No" },
      { value: "leave", label: "Decide later" },
    ],
  });
  if (prompts.isCancel(picked) || picked === "leave") return false;
  if (picked === "no") {
    const reason = await prompts.text({
      message: "Reason, sent to the model",
      output,
      signal,
      placeholder: "may be empty",
    });
    await sendNo(context, id, { hash, reason: prompts.isCancel(reason) ? "" : (reason ?? "").trim() });
    return true;
  }
  if (picked !== "edit") {
    await sendYes(context, id, { hash, note: "", remember: picked === "always" });
    return true;
  }
  const edited = await prompts.text({
    message: "Arguments, as JSON",
    output,
    signal,
    initialValue: JSON.stringify(approval.arguments),
    validate: (text) => (objectIn(text ?? "") === undefined ? "That is not a JSON object" : undefined),
  });
  const given = prompts.isCancel(edited) ? undefined : objectIn(edited);
  if (given === undefined) return false;
  await sendYes(context, id, { hash, arguments: given, note: "", remember: false });
  return true;
}

/** Parses a JSON object; undefined for other text. */
export function objectIn(text: string): JsonObject | undefined {
  const parsed = parseJson(text);
  return parsed.type === "parsed" && isJsonObject(parsed.value) ? parsed.value : undefined;
}
