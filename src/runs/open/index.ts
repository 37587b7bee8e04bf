/** Opens the module: runs with everything that runs need of other modules. */
export { openRuns, type RunServices, type RunsOptions, type RunsPorts } from "./open.ts";
export { ownTools } from "./own-tools.ts";
export { AgentPlans } from "./plans.ts";
