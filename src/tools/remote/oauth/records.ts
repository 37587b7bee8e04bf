import type { AuthorizationServerMetadata, StoredOAuthClientInformation } from "@modelcontextprotocol/client";
import * as z from "zod";
import { parseJson } from "../../../kernel/json.ts";

/** Where secrets of the server itself are stored encrypted, in the workspace of configured tool servers. Throws the errors of stored secrets. */
export type SignInVault = {
  set(name: string, value: string, by: string): Promise<void>;
  /** Undefined if there is no such secret. */
  read(name: string): string | undefined;
  delete(name: string): Promise<void>;
  deleteUnused(isUnused: (name: string) => boolean): Promise<void>;
};

/** The client that a sign-in used, where, and for what. Tokens are renewed and revoked with the same. */
const SignInClient = z.object({
  issuer: z.string(),
  authorizationServer: z.string(),
  metadata: z.custom<AuthorizationServerMetadata>().optional(),
  client: z.custom<StoredOAuthClientInformation>(),
  redirectUri: z.string(),
  resource: z.string().optional(),
  scope: z.string().optional(),
});
export type SignInClient = z.infer<typeof SignInClient>;

/** A sign-in between the redirect to the authorization server and the code that comes back. */
const PendingSignIn = SignInClient.extend({
  stateHash: z.string(),
  verifier: z.string(),
  by: z.string(),
  expiresAtMs: z.number(),
});
type PendingSignIn = z.infer<typeof PendingSignIn>;

const Tokens = z.object({
  access: z.string(),
  refresh: z.string().optional(),
  /** Absent if the authorization server does not say. */
  expiresAtMs: z.number().optional(),
  /** From when on they are renewed. */
  refreshAtMs: z.number().optional(),
});
export type Tokens = z.infer<typeof Tokens>;

const Credential = SignInClient.extend({
  by: z.string(),
  signedInAtMs: z.number(),
  /** Absent when they have ended. */
  tokens: Tokens.optional(),
  /** Why there are no tokens. */
  ended: z.string().default(""),
});
export type Credential = z.infer<typeof Credential>;

/** Undefined for a record that cannot be read; a new sign-in replaces it. */
function credentialIn(text: string): Credential | undefined {
  const parsed = parseJson(text);
  return parsed.type === "parsed" ? Credential.safeParse(parsed.value).data : undefined;
}

const NAME = /^sign-in:([^:]+):/;

/** What is stored of one sign-in: its tokens, and the attempt in progress. A new attempt replaces the previous one. */
export class SignInRecords {
  readonly #vault: SignInVault;
  readonly #name: string;
  /** The last text that was read, and what is in it. */
  #parsed: { readonly text: string; readonly credential: Credential | undefined } | undefined;

  constructor(vault: SignInVault, server: string, subject: string) {
    this.#vault = vault;
    this.#name = `sign-in:${server}:${subject}`;
  }

  get credential(): Credential | undefined {
    const text = this.#vault.read(this.#name);
    if (text === undefined) return undefined;
    if (this.#parsed?.text !== text) this.#parsed = { text, credential: credentialIn(text) };
    return this.#parsed.credential;
  }

  save(credential: Credential): Promise<void> {
    return this.#vault.set(this.#name, JSON.stringify(credential), credential.by);
  }

  delete(): Promise<void> {
    return this.#vault.delete(this.#name);
  }

  begin(pending: PendingSignIn): Promise<void> {
    return this.#vault.set(`${this.#name}:pending`, JSON.stringify(pending), pending.by);
  }

  /** The attempt that has this state. It can be taken once. */
  async take(stateHash: string): Promise<PendingSignIn | undefined> {
    const name = `${this.#name}:pending`;
    const text = this.#vault.read(name);
    const pending = text === undefined ? undefined : PendingSignIn.parse(JSON.parse(text));
    if (pending?.stateHash !== stateHash) return undefined;
    await this.#vault.delete(name);
    return pending;
  }
}

/** Deletes what is stored of servers without sign-in. */
export const sweepSignIns = (vault: SignInVault, servers: readonly string[]): Promise<void> =>
  vault.deleteUnused((name) => {
    const server = NAME.exec(name)?.[1];
    return server !== undefined && !servers.includes(server);
  });
