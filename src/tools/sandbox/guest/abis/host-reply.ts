import { decodeWithBytes } from "../../wire/index.ts";
import type { HostReply } from "./host-calls.ts";
import { isFields } from "./mcp.ts";

/** A reply of the host, taken apart. */
export type ReadReply =
  | { readonly type: "granted"; readonly head: { readonly [key: string]: unknown }; readonly bytes: Buffer }
  | { readonly type: "refused"; readonly code: string; readonly message: string };

/** The reply comes from the server and is sound; one that is not is taken for a refusal. */
export function replyHead({ isGranted, envelope }: HostReply): ReadReply {
  const parts = decodeWithBytes(envelope);
  const head: unknown = parts === undefined ? undefined : JSON.parse(parts.json.toString("utf8"));
  if (parts === undefined || !isFields(head)) return { type: "refused", code: "unavailable", message: "no answer" };
  if (isGranted) return { type: "granted", head, bytes: parts.bytes };
  return { type: "refused", code: String(head["code"]), message: String(head["message"]) };
}
