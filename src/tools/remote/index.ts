export { type McpDeps, McpToolRunner } from "./mcp-tool-runner.ts";
export { type Resolved } from "./connection/connect.ts";
export { DEFAULT_MCP_LIMITS, type McpAuth, type McpHttp, type McpProcess, type McpServerSettings } from "./settings.ts";
export { sweepSignIns, type SignInVault } from "./oauth/records.ts";
export { type SignInPorts } from "./oauth/sign-in.ts";
