export { type McpDeps, McpToolRunner } from "./mcp-tool-runner.ts";
export {
  DEFAULT_MCP_LIMITS,
  type McpAuth,
  type McpHttp,
  type McpLimits,
  type McpProcess,
  type McpServerSettings,
} from "./settings.ts";
