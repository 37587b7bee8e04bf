import { modelToolName, type Tool } from "./tool.ts";

/** English text and JSON come to about this many characters a token in the tokenisers of the large providers. */
const CHARS_PER_TOKEN = 4;
/** What providers write around each tool. */
const FRAME_TOKENS = 8;

const known = new WeakMap<Tool, number>();

/**
 * About how many tokens the description of a tool takes in each turn of a model, from its name, its words and its
 * schema. An estimate: providers count in their own ways, within about a fifth of this.
 */
export function toolTokens(tool: Tool): number {
  let tokens = known.get(tool);
  if (tokens === undefined) {
    const text = modelToolName(tool) + tool.description + JSON.stringify(tool.inputSchema);
    tokens = FRAME_TOKENS + Math.ceil(text.length / CHARS_PER_TOKEN);
    known.set(tool, tokens);
  }
  return tokens;
}

export const toolsTokens = (tools: readonly Tool[]): number => tools.reduce((sum, tool) => sum + toolTokens(tool), 0);
