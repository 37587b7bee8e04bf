import type { DeviceTokens } from "../../access/openid/index.ts";
import { trustAuthority } from "./authority.ts";
import type { Contexts, SavedContext, SavedLogin } from "./contexts.ts";

/** A token that expires sooner is renewed. */
const REMAINING_MS_MIN = 60_000;

export const savedLogin = (
  { issuer, clientId }: { readonly issuer: string; readonly clientId: string },
  { idToken, refreshToken, expiresAtMs }: DeviceTokens,
): SavedLogin => ({
  issuer,
  client_id: clientId,
  id_token: idToken,
  ...(refreshToken !== undefined && { refresh_token: refreshToken }),
  expires_at_ms: expiresAtMs,
});

const isFresh = ({ expires_at_ms: expiresAtMs }: SavedLogin): boolean => expiresAtMs - Date.now() > REMAINING_MS_MIN;

/** Returns the key or token of a context. A token that expires soon is renewed and stored. Throws LoginRefusedError, IssuerUnreachableError. */
export async function tokenOf(contexts: Contexts, saved: SavedContext): Promise<string | undefined> {
  const { login, ca } = saved;
  if (login?.refresh_token === undefined || isFresh(login)) return saved.key ?? login?.id_token;
  if (ca !== undefined) trustAuthority(ca);
  return contexts.exclusively(async () => {
    // Another command may have renewed it since.
    const current = contexts.list().find(({ name }) => name === saved.name) ?? saved;
    const { login: stored = login } = current;
    if (isFresh(stored)) return stored.id_token;
    const { renewTokens } = await import("../../access/openid/index.ts");
    const { issuer, client_id: clientId, refresh_token: refreshToken = "" } = stored;
    const renewed = savedLogin({ issuer, clientId }, await renewTokens({ issuer, clientId }, refreshToken));
    contexts.change({ ...current, login: renewed });
    return renewed.id_token;
  });
}
