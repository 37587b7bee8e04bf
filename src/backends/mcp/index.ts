export { type McpDeps, McpToolRunner } from "./mcp-tool-runner.ts";
export {
  DEFAULT_MCP_LIMITS,
  DEFAULT_MCP_TIMEOUT_MS,
  type McpAuth,
  type McpHttp,
  type McpLimits,
  type McpProcess,
  type McpServerSettings,
} from "./settings.ts";
