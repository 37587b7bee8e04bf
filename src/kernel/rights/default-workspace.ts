/** The operator's workspace. It always exists; definition files and tool servers of `caxton.toml` are deployed to it. */
export const DEFAULT_WORKSPACE = "default";
/** In a grant or as the place of a secret: every workspace, also those created later. */
export const ALL_WORKSPACES = "*";
