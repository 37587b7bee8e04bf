/** How a remote MCP server is reached over HTTP. Texts may hold `${env:NAME}` and `${file:path}`. */
export type McpHttp = {
  readonly type: "http";
  readonly url: string;
  readonly headers: { readonly [name: string]: string };
  readonly auth: McpAuth;
};

export type McpAuth =
  | { readonly type: "none" }
  | { readonly type: "bearer"; readonly token: string }
  | {
      readonly type: "client-credentials";
      readonly clientId: string;
      readonly clientSecret: string;
      /** Where tokens are fetched; undefined means that the MCP server says which authorization server it trusts. */
      readonly tokenUrl: string | undefined;
      /** The authorization server that may see the secret, when it is discovered. */
      readonly issuer: string | undefined;
      readonly scopes: readonly string[];
      /** What the token is for (RFC 8707); default: the server's URL. */
      readonly resource: string | undefined;
    }
  | {
      readonly type: "oauth";
      /** Default: the client is registered when a user signs in. */
      readonly clientId: string | undefined;
      readonly clientSecret: string | undefined;
      /** The only authorization server that is used; undefined means that the MCP server names it. */
      readonly issuer: string | undefined;
      readonly scopes: readonly string[];
      /** What the tokens are for (RFC 8707); default: as the MCP server says. */
      readonly resource: string | undefined;
    };

/** A local process that speaks MCP on its standard input and output. Nothing confines it. */
export type McpProcess = {
  readonly type: "process";
  readonly command: string;
  readonly args: readonly string[];
  /** All the variables it gets, besides PATH. Values may hold references. */
  readonly environment: { readonly [name: string]: string };
  readonly cwd: string | undefined;
};

export type McpLimits = {
  /** One call from its begin to its end, whatever progress it reports; time in which a person is asked does not count. */
  readonly deadlineMs: number;
  readonly resultBytesMax: number;
  /** Maximum concurrent calls; four times as many wait, more are refused. */
  readonly concurrentMax: number;
  /** Calls begun in any minute; more are refused. */
  readonly callsPerMinuteMax: number;
};

/** One remote tool server, as configured. */
export type McpServerSettings = {
  readonly name: string;
  readonly transport: McpHttp | McpProcess;
  /** Silence a call may last: from its begin, or from its last progress. */
  readonly timeoutMs: number;
  /** Names of the tools to import; undefined means all. */
  readonly tools: readonly string[] | undefined;
  readonly limits: McpLimits;
};

export const DEFAULT_MCP_LIMITS: McpLimits = {
  deadlineMs: 600_000,
  resultBytesMax: 4 * 1024 * 1024,
  concurrentMax: 16,
  callsPerMinuteMax: 6_000,
};
