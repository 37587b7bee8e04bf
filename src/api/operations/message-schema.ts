import * as z from "zod";
import { isJsonObject, type JsonObject, parseJson } from "../../kernel/json.ts";
import { MessageWire } from "../../messages/index.ts";

/** What may be sent as a message, as JSON schema (draft 2020-12), for the OpenAPI document. It takes milliseconds to make. */
export function messageSchema(): JsonObject {
  const schema = z.toJSONSchema(MessageWire, { io: "input", target: "draft-2020-12" });
  // A schema with a name comes as a reference to itself; the reference would lead nowhere in another document.
  const own = schema.$ref === undefined ? schema : schema.$defs?.[schema.$ref.slice("#/$defs/".length)];
  const plain = parseJson(JSON.stringify(own));
  if (plain.type === "malformed" || !isJsonObject(plain.value)) throw new TypeError("a message is an object");
  return plain.value;
}
