import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { operations } from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import { MessageId, mint } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { type Context, UsageError } from "../frame/index.ts";

/** The 32 bytes of a public key, base64url. */
export const publicText = (key: KeyObject): string => createPublicKey(key).export({ format: "jwk" }).x ?? "";

/** Signs a message with the key in a PEM file. Throws UsageError for a file that contains no Ed25519 key. */
export async function signed({ client }: Context, body: JsonObject, file: string): Promise<JsonObject> {
  const path = "caxton message send";
  const key = createPrivateKey(readFileSync(file));
  if (key.asymmetricKeyType !== "ed25519") throw new UsageError(`${file} contains no Ed25519 key`, path);
  const { keyIdOf, readMessage, signedText } = await import("../../messaging/acl/index.ts");
  const { workspace } = (await client.call(operations.access.whoami, {})).value;
  const stated = { id: mint(MessageId), ...body };
  const context = { workspace, nowMs: systemClock.nowMs(), contentBytesMax: Number.MAX_SAFE_INTEGER, sender: "user" };
  const read = readMessage(stated, context);
  // The server names everything that is wrong with it.
  if (read.type === "refused") return body;
  const signature = sign(null, Buffer.from(signedText(read.message)), key).toString("base64url");
  return { ...stated, signature, key_id: keyIdOf(publicText(key)) };
}
