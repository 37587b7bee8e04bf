/** The operator's workspace. It always exists; definition files and tool servers of `caxton.toml` are deployed to it. */
export const DEFAULT_WORKSPACE = "default";
