export { tool } from "./tool.ts";
