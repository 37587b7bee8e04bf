import { LoginRefusedError } from "./errors.ts";
import { attempted, discover } from "./provider.ts";

/** The command line as a client of a provider. */
export type DeviceClient = { readonly issuer: string; readonly clientId: string; readonly scopes: readonly string[] };

export type DeviceTokens = {
  readonly idToken: string;
  readonly refreshToken: string | undefined;
  readonly expiresAtMs: number;
};

/** Where the user confirms the login, and the code to enter there. */
export type DeviceCode = { readonly url: string; readonly code: string };

const REFRESH_SCOPE = "offline_access";

/**
 * Logs a user in who confirms it in a browser of any device. `onCode` receives where. Throws LoginRefusedError, IssuerUnreachableError.
 */
export async function logInOnDevice(
  { issuer, clientId, scopes }: DeviceClient,
  onCode: (code: DeviceCode) => void,
): Promise<DeviceTokens> {
  return attempted(issuer, async () => {
    const configuration = await discover(issuer, clientId);
    const { device_authorization_endpoint: endpoint, scopes_supported: supported = [] } =
      configuration.serverMetadata();
    if (endpoint === undefined) throw new LoginRefusedError(issuer, "the provider has no device flow");
    const { initiateDeviceAuthorization, pollDeviceAuthorizationGrant } = await import("openid-client");
    const wanted = supported.includes(REFRESH_SCOPE) ? [...scopes, REFRESH_SCOPE] : scopes;
    const begun = await initiateDeviceAuthorization(configuration, { scope: wanted.join(" ") });
    onCode({ url: begun.verification_uri_complete ?? begun.verification_uri, code: begun.user_code });
    return tokensOf(issuer, await pollDeviceAuthorizationGrant(configuration, begun));
  });
}

/** Exchanges a refresh token for new tokens. Throws LoginRefusedError, IssuerUnreachableError. */
export async function renewTokens(
  { issuer, clientId }: Omit<DeviceClient, "scopes">,
  refreshToken: string,
): Promise<DeviceTokens> {
  return attempted(issuer, async () => {
    const configuration = await discover(issuer, clientId);
    const { refreshTokenGrant } = await import("openid-client");
    const answer = await refreshTokenGrant(configuration, refreshToken);
    // A provider without rotation does not send it again.
    return tokensOf(issuer, { refresh_token: refreshToken, ...answer, claims: () => answer.claims() });
  });
}

/** Ends a refresh token at the provider, if the provider can. Throws LoginRefusedError, IssuerUnreachableError. */
export async function revokeToken(
  { issuer, clientId }: Omit<DeviceClient, "scopes">,
  refreshToken: string,
): Promise<void> {
  await attempted(issuer, async () => {
    const configuration = await discover(issuer, clientId);
    if (configuration.serverMetadata().revocation_endpoint === undefined) return;
    const { tokenRevocation } = await import("openid-client");
    await tokenRevocation(configuration, refreshToken);
  });
}

type TokenAnswer = {
  readonly id_token?: string;
  readonly refresh_token?: string;
  claims(): { readonly exp: number } | undefined;
};

function tokensOf(issuer: string, answer: TokenAnswer): DeviceTokens {
  const { id_token: idToken, refresh_token: refreshToken } = answer;
  const claims = answer.claims();
  if (idToken === undefined || claims === undefined) throw new LoginRefusedError(issuer, "there is no ID token");
  return { idToken, refreshToken, expiresAtMs: claims.exp * 1_000 };
}
