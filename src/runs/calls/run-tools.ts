import * as z from "zod";
import { JsonObject } from "../../kernel/json.ts";
import {
  CLIENT_TOOLS,
  failedCall,
  modelToolName,
  NO_USAGE,
  type Tool,
  toolId,
  type ToolResult,
} from "../../tools/catalogue/index.ts";
import { type History, keptResults, NO_HISTORY, type RunFiles, type RunView } from "../record/index.ts";
import { searchTools } from "./tool-search.ts";

/**
 * Tools that a run gives its model itself: one that finds tools whose descriptions were left out, one that reads on in a
 * result that was too long. Nothing of them is outside the run, so no server has them and no grant is needed.
 */
const SERVER = "caxton";
const FIND_MAX = 10;
const FIND_DEFAULT = 5;
const READ_CHARS_MAX = 16_000;

const FindArguments = z.strictObject({
  query: z.string().min(1).max(1_000).meta({ description: "What you want to do, in a few words, or a tool's name" }),
  limit: z.int().min(1).max(FIND_MAX).default(FIND_DEFAULT).meta({ description: "Tools to show at most" }),
});
const ReadArguments = z.strictObject({
  name: z.string().min(1).optional().meta({ description: "Name of the kept result" }),
  call: z.int().min(1).optional().meta({ description: "Or the number of the call whose result was shortened" }),
  offset: z.int().min(0).default(0).meta({ description: "Characters to skip" }),
  length: z.int().min(1).max(READ_CHARS_MAX).default(READ_CHARS_MAX).meta({ description: "Characters to read" }),
});

const inputSchema = (schema: z.ZodType): JsonObject =>
  JsonObject.parse(z.toJSONSchema(schema, { io: "input", target: "draft-2020-12" }));

const own = (name: string, title: string, description: string, schema: z.ZodType): Tool => ({
  server: SERVER,
  name,
  title,
  description,
  inputSchema: inputSchema(schema),
  outputSchema: undefined,
  effects: { readOnly: true, idempotent: true },
});

export const FIND_TOOLS: Tool = own(
  "find_tools",
  "Find tools",
  "Finds more tools that you may call. Describe what you want to do; the tools found are yours from your next turn on.",
  FindArguments,
);

export const READ_RESULT: Tool = own(
  "read_result",
  "Read a kept result",
  "Reads on in a tool's result that was too long to be shown whole: by the name under which it was kept, or by the number of its call.",
  ReadArguments,
);

export const OWN_TOOLS: readonly Tool[] = [FIND_TOOLS, READ_RESULT];
export const isOwnTool = (tool: Tool): boolean => OWN_TOOLS.includes(tool);

/** Tools of an agent that a model gets only when it searches for them: `server`, `server.tool` or `*`. */
export type DeferredTools = readonly string[];

const FoundTools = z.object({ found: z.array(z.string()) });

/** Tools offered to the model in its next turn: those not deferred, those it has found or called, and the run's own. */
export function offeredTools(
  view: RunView,
  tools: readonly Tool[],
  deferred: DeferredTools,
  history: History | undefined,
): readonly Tool[] {
  const hasKept = hasKeptResults(view) || keptResults(history ?? NO_HISTORY).length > 0;
  const reading = hasKept ? [READ_RESULT] : [];
  if (deferred.length === 0) return [...tools, ...reading];
  const known = knownTools(view);
  const offered = tools.filter((tool) => !isDeferred(tool, deferred) || known.has(toolId(tool)));
  return [...offered, ...(offered.length < tools.length ? [FIND_TOOLS] : []), ...reading];
}

const isDeferred = (tool: Tool, deferred: DeferredTools): boolean =>
  tool.server !== CLIENT_TOOLS &&
  deferred.some((entry) => entry === "*" || entry === tool.server || entry === toolId(tool));

/** Ids of the tools that this run's model has found or called. */
function knownTools(view: RunView): ReadonlySet<string> {
  const known = new Set<string>();
  for (const step of view.steps) {
    if (step.kind !== "tool") continue;
    known.add(`${step.server}.${step.tool}`);
    if (step.server !== SERVER || step.end.state !== "done") continue;
    const found = FoundTools.safeParse(step.end.structured);
    for (const id of found.success ? found.data.found : []) known.add(id);
  }
  return known;
}

const hasKeptResults = (view: RunView): boolean =>
  view.steps.some(
    (step) => step.kind === "tool" && step.end.state === "done" && step.end.artifacts.some(({ kept }) => kept === true),
  );

type OwnCall = {
  readonly tool: Tool;
  readonly arguments: JsonObject;
  readonly view: RunView;
  /** What was said before in the thread; undefined for a run without one. */
  readonly history: History | undefined;
  /** Every tool the agent may call. */
  readonly tools: readonly Tool[];
  readonly artifacts: RunFiles;
};

/** Runs one of the run's own tools. Never throws for what a model did. */
export async function callOwnTool({ tool, arguments: given, ...rest }: OwnCall): Promise<ToolResult> {
  if (tool.name === FIND_TOOLS.name) {
    const parsed = FindArguments.safeParse(given);
    return parsed.success ? search(parsed.data, rest.tools) : wrong(tool, parsed.error);
  }
  const parsed = ReadArguments.safeParse(given);
  return parsed.success ? readOn(parsed.data, rest) : wrong(tool, parsed.error);
}

const wrong = (tool: Tool, error: z.ZodError): ToolResult => {
  const said = error.issues.map(({ path, message }) => `${path.join(".") || "arguments"}: ${message}`).join("; ");
  return failedCall(
    "invalid-arguments",
    `the arguments do not fit ${toolId(tool)}: ${said}. Correct them and call again.`,
  );
};

const done = (text: string, structured: JsonObject | undefined): ToolResult => ({
  type: "done",
  content: [{ type: "text", text }],
  structured,
  usage: NO_USAGE,
});

function search({ query, limit }: z.output<typeof FindArguments>, tools: readonly Tool[]): ToolResult {
  const hits = searchTools(tools, query, limit);
  if (hits.length === 0) {
    const servers = [...new Set(tools.map(({ server }) => server))];
    return done(`No tool fits "${query}". Tool servers there are: ${servers.join(", ")}. Try one of these names.`, {
      found: [],
    });
  }
  const lines = hits.map((tool) => `- ${modelToolName(tool)}: ${tool.description}`);
  return done(`Tools you may now call:\n${lines.join("\n")}`, { found: hits.map(toolId) });
}

async function readOn(
  { name, call, offset, length }: z.output<typeof ReadArguments>,
  { view, history, artifacts }: Pick<OwnCall, "view" | "history" | "artifacts">,
): Promise<ToolResult> {
  if (name === undefined) return readCall(view, history ?? NO_HISTORY, call, { offset, length });
  const kept = await artifacts.ofRun(view.id);
  // Results of the run come first, then those of earlier runs of the thread, the newest first.
  const artifact = kept.find((each) => each.name === name);
  if (artifact === undefined) {
    const names = [...new Set(kept.map((each) => each.name))].join(", ");
    return failedCall("tool-error", `no result is kept as "${name}"; kept are: ${names || "none"}.`);
  }
  return pieceOf(Buffer.from(await artifacts.read(artifact)).toString("utf8"), { offset, length });
}

type Piece = { readonly offset: number; readonly length: number };

/** The result of a call by its number among those of the thread. */
function readCall(view: RunView, history: History, call: number | undefined, piece: Piece): ToolResult {
  if (call === undefined) return failedCall("invalid-arguments", "say which: the name of a kept result, or a call.");
  const earlier = history.turns.flatMap(({ results }) => results).find((result) => result.call === call);
  if (earlier !== undefined) return pieceOf(earlier.text, piece);
  const step = view.steps.filter(({ kind }) => kind === "tool")[call - history.position.calls - 1];
  if (step?.kind === "tool" && "text" in step.end) return pieceOf(step.end.text, piece);
  return failedCall("tool-error", `there is no call ${call} with a result here.`);
}

function pieceOf(text: string, { offset, length }: Piece): ToolResult {
  const piece = text.slice(offset, offset + length);
  const end = offset + piece.length;
  const rest = end < text.length ? `${text.length - end} more follow from offset ${end}` : "this is its end";
  return done(`${piece}\n(characters ${offset} to ${end} of ${text.length}; ${rest})`, undefined);
}
