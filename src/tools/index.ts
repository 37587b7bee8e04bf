export { type Resolve } from "./broker.ts";
export { type ToolDeployment } from "./deploy.ts";
export { openTools, type ToolServices, type ToolsOptions, type ToolsPorts } from "./open.ts";
export { type WorkspaceTools } from "./tools-by-workspace.ts";
