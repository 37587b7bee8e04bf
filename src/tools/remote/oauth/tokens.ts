import type { OAuthTokens } from "@modelcontextprotocol/client";
import { SignInAnswerError } from "./errors.ts";
import type { Tokens } from "./records.ts";

/** Tokens are renewed so long before they end, or at half of a shorter life; up to a sixth earlier by chance. */
const EARLY_MS = 60_000;
const SPREAD_MS = 10_000;
/** A longer life is not believed: its end would be no date. */
const LIFE_SECONDS_MAX = 10 * 365 * 24 * 3_600;

/** What may stand in a header (RFC 6750, and some more that authorization servers use). */
const TOKEN = /^[\x21-\x7e]+$/;

/** The tokens of an authorization server's answer. Throws SignInAnswerError. */
export function tokensOf(
  { access_token: access, refresh_token: refresh, expires_in: seconds, token_type: type }: OAuthTokens,
  { nowMs, random }: { readonly nowMs: number; readonly random: () => number },
): Tokens {
  if (type.toLowerCase() !== "bearer")
    throw new SignInAnswerError(`the authorization server gives a token of the type ${type}, and not a bearer token`);
  for (const token of [access, refresh ?? access])
    if (!TOKEN.test(token))
      throw new SignInAnswerError("the authorization server gives a token that no header can hold");
  // A token that ends at once would be renewed before each request; its server refuses it when it has ended.
  if (seconds === undefined || !(seconds > 0)) return { access, refresh };
  const lifeMs = Math.min(seconds, LIFE_SECONDS_MAX) * 1_000;
  const earlyMs = Math.min(EARLY_MS + SPREAD_MS * random(), lifeMs / 2);
  return { access, refresh, expiresAtMs: nowMs + lifeMs, refreshAtMs: nowMs + lifeMs - earlyMs };
}

/** Whether tokens have ended and cannot be renewed. */
export const isOver = ({ refresh, expiresAtMs = Infinity }: Tokens, nowMs: number): boolean =>
  refresh === undefined && nowMs >= expiresAtMs;
