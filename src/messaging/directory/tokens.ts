import { createHash, randomBytes } from "node:crypto";

const PREFIX = "cxp_";
const SECRET_BYTES = 32;
const TOKEN = /^cxp_[A-Za-z0-9_-]{43}$/u;

/** A new token of 256 bits by chance: what a program outside shows when it speaks, fetches or settles. */
export const mintToken = (): string => PREFIX + randomBytes(SECRET_BYTES).toString("base64url");

/** What is kept of a token, from which it cannot be had; undefined when it has not the form of one. So much chance needs no salt. */
export const tokenHash = (token: string): string | undefined =>
  TOKEN.test(token) ? createHash("sha256").update(token).digest("base64url") : undefined;
