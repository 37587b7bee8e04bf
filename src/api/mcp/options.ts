/** The settings `[mcp]`, and what else the server is configured with. */
export type McpOptions = {
  /** Tools that clients may call besides agents: `server` or `server.tool`. */
  readonly expose: readonly string[];
  /** How clients that can ask are asked for approvals: by a link to the dashboard, or by a form, which some hosts accept without a person. */
  readonly approvals: "url" | "form";
  /** Issuers whose tokens clients may send. */
  readonly issuers: readonly string[];
  /** Where clients reach the server; undefined: at the address of each request. */
  readonly publicUrl: string | undefined;
};
