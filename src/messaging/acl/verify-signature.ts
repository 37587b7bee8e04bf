import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { coveredText } from "./fipa-signature.ts";
import { publicJwk } from "./key-id.ts";
import type { Message } from "./message.ts";

/** Why a signature is not valid, as `details.reason` of SIGNATURE_INVALID and as text. */
export const SIGNATURE_FAULTS = {
  "unknown-key": "no such key is registered",
  "foreign-key": "the key belongs to another sender",
  "revoked-key": "the key was revoked",
  "wrong-signature": "it does not match the message",
} as const;
export type SignatureFault = keyof typeof SIGNATURE_FAULTS;

/** A key that verifies, from the 32 bytes of a public key in base64url. */
export const verifierOf = (publicKey: string): KeyObject =>
  createPublicKey({ key: publicJwk(publicKey), format: "jwk" });

/** Whether the message has a signature by the key, and is what was signed. */
export function isSignedWith({ signature, ...message }: Message, key: KeyObject): boolean {
  const text = Buffer.from(coveredText({ ...message, signature: undefined }));
  return verify(null, text, key, Buffer.from(signature?.value ?? "", "base64url"));
}
