import { estimateTokens } from "../../kernel/tokens.ts";
import { modelToolName, type Tool } from "./tool.ts";

/** What providers write around each tool. */
const FRAME_TOKENS = 8;

const known = new WeakMap<Tool, number>();

/** About how many tokens the description of a tool takes in each turn of a model, from its name, its words and its schema. */
export function toolTokens(tool: Tool): number {
  let tokens = known.get(tool);
  if (tokens === undefined) {
    const text = modelToolName(tool) + tool.description + JSON.stringify(tool.inputSchema);
    tokens = FRAME_TOKENS + estimateTokens(text);
    known.set(tool, tokens);
  }
  return tokens;
}

export const toolsTokens = (tools: readonly Tool[]): number => tools.reduce((sum, tool) => sum + toolTokens(tool), 0);
