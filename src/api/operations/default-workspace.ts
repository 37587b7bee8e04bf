/** The only workspace of a server without access control. */
export const DEFAULT_WORKSPACE = "default";
