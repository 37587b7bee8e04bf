import * as z from "zod";
import { isJsonObject, type JsonObject, parseJson } from "../../../kernel/json.ts";
import { MessageWire } from "../../../messaging/acl/index.ts";

/** What may be sent as a message, as JSON schema (draft 2020-12), for the OpenAPI document. It takes milliseconds to make. */
export function messageSchema(): JsonObject {
  const plain = parseJson(JSON.stringify(z.toJSONSchema(MessageWire, { io: "input", target: "draft-2020-12" })));
  if (plain.type === "malformed" || !isJsonObject(plain.value)) throw new TypeError("a message is an object");
  return plain.value;
}
