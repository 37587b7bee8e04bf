import { type MemoryGrant, memoryGrantWords } from "./memory-grant.ts";
import { type MessageGrant, messageGrantWords } from "./message-grant.ts";

/** What a guest may do with a path it opened; `write` includes `read`. */
export type FileAccess = "read" | "write";

/** One directory or file tree a tool server may touch. */
export type FileGrant = { readonly path: string; readonly access: FileAccess };

/** One place on the network a tool server may speak to. */
export type HttpGrant = {
  /** Scheme, host and port, and a path to begin with: `https://api.example.com`, `https://*.example.com/v1/`. */
  readonly url: string;
  /** In capitals; `*` is any. */
  readonly methods: readonly string[];
  /** Whether the name may lead to an address of this machine or of a private network. */
  readonly private: boolean;
};

/** A secret a tool server may use without its model or log seeing it. */
export type SecretGrant = {
  readonly name: string;
  /**
   * What the guest finds in the variable of that name: a `placeholder` that is replaced in requests on their way out, so
   * that the guest never has the secret; or its `value`.
   */
  readonly as: "placeholder" | "value";
  /** URLs, as in `HttpGrant`, that a placeholder is replaced for; none means all that `http` grants. */
  readonly for: readonly string[];
};

/** Everything one tool server may touch; nothing is allowed that is not here. */
export type Grants = {
  readonly files: readonly FileGrant[];
  readonly http: readonly HttpGrant[];
  readonly secrets: readonly SecretGrant[];
  readonly messages: readonly MessageGrant[];
  readonly memory: readonly MemoryGrant[];
  /** Keys and values that are kept for this server and workspace. */
  readonly state: boolean;
  /** Real time, to the millisecond; a tool without it sees a clock that stands still. */
  readonly clock: boolean;
  /** Real randomness; a tool without it sees the same stream in each instance. */
  readonly random: boolean;
  /** Names of environment variables the guest is given. */
  readonly environment: readonly string[];
};

export const NO_GRANTS: Grants = {
  files: [],
  http: [],
  secrets: [],
  messages: [],
  memory: [],
  state: false,
  clock: false,
  random: false,
  environment: [],
};

/** What an operator lets a single call have, to see what it needs: nothing that changes files, no secret more, no message and no memory. */
export const permissiveGrants = (grants: Grants): Grants => ({
  ...grants,
  files: [...grants.files, { path: ".", access: "read" }],
  state: true,
  clock: true,
  random: true,
});

/** Grants as people read them: "read data", "GET https://api.example.com", "secret TOKEN", "clock". */
export const describeGrants = (grants: Grants): readonly string[] => [
  ...grants.files.map(({ path, access }) => `${access} ${path}`),
  ...grants.http.map(
    ({ url, methods, private: isPrivate }) =>
      `${methods.includes("*") ? "any method" : methods.join(" ")} ${url}${isPrivate ? " (private addresses too)" : ""}`,
  ),
  ...grants.secrets.map(({ name, as }) => `secret ${name}${as === "value" ? " (its value)" : ""}`),
  ...grants.messages.map(messageGrantWords),
  ...grants.memory.map(memoryGrantWords),
  ...(grants.state ? ["state"] : []),
  ...(grants.clock ? ["clock"] : []),
  ...(grants.random ? ["random"] : []),
  ...grants.environment.map((name) => `environment ${name}`),
];
