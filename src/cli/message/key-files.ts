import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import * as z from "zod";
import { messageKeys } from "../../api/contract/index.ts";
import { parseJson } from "../../kernel/json.ts";
import { unreadable } from "../client/index.ts";
import { UsageError } from "../frame/index.ts";

/** A key to verify with; a file of a bare key names no owner. */
const VerifyingKey = messageKeys.MessageKey.pick({ public_key: true, owner: true, revoked_at: true }).partial({
  owner: true,
  revoked_at: true,
});
export type VerifyingKey = z.infer<typeof VerifyingKey>;
const KeyFile = z.union([
  messageKeys.MessageKeys.transform(({ items }) => items),
  VerifyingKey.transform((key) => [key]),
]);

/** Throws UnreadableFileError. */
export function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** Reads public keys, as PEM or as the JSON of participant key list. Throws UnreadableFileError, and UsageError if the file has none. */
export function keysIn(file: string, command: string): readonly VerifyingKey[] {
  const text = textOf(file);
  const parsed = parseJson(text);
  const keys = parsed.type === "parsed" ? KeyFile.safeParse(parsed.value).data : pemKey(text);
  if (keys === undefined) throw new UsageError(`${file} contains no Ed25519 key`, command);
  return keys;
}

function pemKey(text: string): readonly VerifyingKey[] | undefined {
  try {
    const { crv, x } = createPublicKey(text).export({ format: "jwk" });
    return crv === "Ed25519" && x !== undefined ? [{ public_key: x }] : undefined;
  } catch {
    return undefined;
  }
}
