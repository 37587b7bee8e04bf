import { createHash } from "node:crypto";

/** A raw Ed25519 public key as JWK; `x` is base64url. */
export const publicJwk = (x: string) => ({ crv: "Ed25519", kty: "OKP", x });

/** The id of a key: the RFC 7638 thumbprint of a raw public key in base64url. */
export const keyIdOf = (publicKey: string): string =>
  createHash("sha256")
    .update(JSON.stringify(publicJwk(publicKey)))
    .digest("base64url");
