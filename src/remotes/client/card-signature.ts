import { createPublicKey, verify, type KeyObject } from "node:crypto";
import * as z from "zod";
import { type JsonObject, parseJson } from "../../kernel/json.ts";

type Algorithm = {
  readonly keyType: string;
  readonly curve?: string;
  readonly hash: string | null;
  readonly options: object;
};
const P1363 = { dsaEncoding: "ieee-p1363" };

/** Algorithms of JWS, by name. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ["ES256", { keyType: "ec", curve: "prime256v1", hash: "sha256", options: P1363 }],
  ["ES384", { keyType: "ec", curve: "secp384r1", hash: "sha384", options: P1363 }],
  ["RS256", { keyType: "rsa", hash: "sha256", options: {} }],
  ["EdDSA", { keyType: "ed25519", hash: null, options: {} }],
]);
const Header = z.object({ alg: z.string(), crit: z.undefined().optional() });

export type CardSignature = { readonly protected: string; readonly signature: string };

/** Whether one of the keys has made one of the signatures (JWS) of a card in its canonical form. */
export function isSignedBy(
  keys: readonly JsonObject[],
  canonical: string,
  signatures: readonly CardSignature[],
): boolean {
  const payload = Buffer.from(canonical).toString("base64url");
  const read = keys.flatMap((key) => keyOf(key) ?? []);
  return signatures.some(({ protected: head, signature }) => {
    const parsed = parseJson(Buffer.from(head, "base64url").toString());
    const header = Header.safeParse(parsed.type === "parsed" ? parsed.value : undefined);
    const algorithm = ALGORITHMS.get(header.data?.alg ?? "");
    if (algorithm === undefined) return false;
    const bytes = Buffer.from(signature, "base64url");
    return read.some((key) => fits(key, algorithm) && verifies(key, algorithm, { text: `${head}.${payload}`, bytes }));
  });
}

/** Undefined for what is no public key. */
export function keyOf(jwk: JsonObject): KeyObject | undefined {
  try {
    // A private key would do as well, but clients are not to send one.
    return "d" in jwk ? undefined : createPublicKey({ key: { ...jwk }, format: "jwk" });
  } catch {
    return undefined;
  }
}

const fits = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, { keyType, curve }: Algorithm): boolean =>
  asymmetricKeyType === keyType && (curve === undefined || asymmetricKeyDetails?.namedCurve === curve);

const verifies = (
  key: KeyObject,
  { hash, options }: Algorithm,
  { text, bytes }: { readonly text: string; readonly bytes: Buffer },
): boolean => verify(hash, Buffer.from(text), { key, ...options }, bytes);
