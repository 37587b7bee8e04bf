import type {
  OAuthClientMetadata,
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
} from "@modelcontextprotocol/client";
import { SignInFailedError } from "./errors.ts";
import type { SignInClient } from "./records.ts";

export type AttemptSettings = {
  readonly server: string;
  readonly redirectUri: string;
  readonly state: string;
  /** The client that the configuration gives. */
  readonly client: StoredOAuthClientInformation | undefined;
  /** The client of the sign-in before. */
  readonly before: SignInClient | undefined;
  /** The only authorization server that is used. */
  readonly issuer: string | undefined;
  readonly resource: string | undefined;
  /** Where authorization servers find the client's metadata. */
  readonly metadataUrl: string | undefined;
};

/** What the library finds out and makes on the way to the address where a person signs in. */
export class SignInAttempt implements OAuthClientProvider {
  readonly #settings: AttemptSettings;
  readonly clientMetadataUrl: string;
  #discovery: OAuthDiscoveryState | undefined;
  #client: StoredOAuthClientInformation | undefined;
  #verifier = "";
  #resource: string | undefined;
  url: URL | undefined;

  constructor(settings: AttemptSettings) {
    this.#settings = settings;
    this.clientMetadataUrl = settings.metadataUrl ?? "";
    const { resource } = settings;
    if (resource !== undefined) this.validateResourceURL = () => Promise.resolve(new URL(resource));
  }

  validateResourceURL?: () => Promise<URL>;

  get redirectUrl(): string {
    return this.#settings.redirectUri;
  }

  get clientMetadata(): OAuthClientMetadata {
    return clientMetadata([this.#settings.redirectUri]);
  }

  state(): string {
    return this.#settings.state;
  }

  saveAuthorizationServerUrl(issuer: string): void {
    const { server, issuer: wanted } = this.#settings;
    if (wanted !== undefined && issuer !== wanted)
      throw new SignInFailedError(
        server,
        `the server names the authorization server ${issuer}, and auth.issuer is ${wanted}`,
      );
  }

  clientInformation({ issuer } = { issuer: "" }): StoredOAuthClientInformation | undefined {
    const { client, before, redirectUri } = this.#settings;
    if (client !== undefined) return { ...client, issuer };
    const isSame = before?.issuer === issuer && before.redirectUri === redirectUri;
    return this.#client ?? (isSame ? before.client : undefined);
  }

  saveClientInformation(client: StoredOAuthClientInformation): void {
    this.#client = client;
  }

  /** The existing tokens are not used by a new sign-in. */
  tokens(): undefined {}

  saveTokens(): void {
    throw new Error("an attempt ends before tokens");
  }

  redirectToAuthorization(url: URL): void {
    this.url = url;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  saveResourceUrl(resource: string): void {
    this.#resource = resource;
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    return this.#discovery;
  }

  saveDiscoveryState(discovery: OAuthDiscoveryState): void {
    this.#discovery = discovery;
  }

  /** What the code will be exchanged with; undefined before the address is known. */
  get begun(): SignInClient | undefined {
    const discovery = this.#discovery;
    if (discovery === undefined || this.url === undefined) return undefined;
    const { authorizationServerUrl, authorizationServerMetadata: metadata } = discovery;
    const issuer = metadata?.issuer ?? authorizationServerUrl;
    const client = this.clientInformation({ issuer });
    if (client === undefined) return undefined;
    return {
      issuer,
      authorizationServer: authorizationServerUrl,
      metadata,
      client,
      redirectUri: this.#settings.redirectUri,
      resource: this.#resource,
      scope: this.url.searchParams.get("scope") ?? undefined,
    };
  }
}

/** The metadata of the client for registration. */
export const clientMetadata = (redirectUris: readonly string[]): OAuthClientMetadata => ({
  client_name: "Caxton",
  redirect_uris: [...redirectUris],
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
});
