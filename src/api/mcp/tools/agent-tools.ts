import {
  type CallToolRequestParams,
  type ListToolsResult,
  type ServerContext,
  type Tool,
} from "@modelcontextprotocol/server";
import * as z from "zod";
import { type AgentSummary, operations, type RunDetail } from "../../contract/index.ts";
import { type Caller, checkInput, RequestInvalidError } from "../../operations/index.ts";
import { callerOf } from "../caller-info.ts";
import { asResult, type ToolAnswer } from "../errors.ts";
import { taskOf } from "../tasks/task.ts";
import { TaskCreated } from "../tasks/task-server.ts";
import { FileInput, receiveFiles } from "./files.ts";
import { inputSchema } from "./input-schema.ts";
import type { RunCalls } from "./run-calls.ts";
import { agentToolName, isComposed } from "./tool-names.ts";
import { unknownTool } from "./unknown-tool.ts";

const PAGE = 100;
const FILES_MAX = 16;
/** The value of `thread` that creates one. */
const NEW_THREAD = "new";

const AgentInput = z.strictObject({
  message: z.string().min(1).meta({ description: "The whole task, with all the facts that it needs" }),
  thread: z.string().min(1).optional().meta({
    description:
      "Id of a thread to continue, as an earlier call returned it, or `new` to begin one. Default: the agent remembers nothing of this call",
  }),
  files: z.array(FileInput).max(FILES_MAX).optional().meta({ description: "Files that the agent's tools can read" }),
});
type AgentInput = z.output<typeof AgentInput>;

const INPUT_SCHEMA = inputSchema(AgentInput);

/** Agents as tools. */
export class AgentTools {
  readonly #runs: RunCalls;

  constructor(runs: RunCalls) {
    this.#runs = runs;
  }

  async list(caller: Caller, cursor: string | undefined): Promise<ListToolsResult> {
    if (!caller.may(operations.run.start) || !caller.may(operations.agent.list)) return { tools: [] };
    const { items, next } = await caller.perform(operations.agent.list, { limit: PAGE, cursor });
    return { tools: items.map(toolOf), ...(next !== null && { nextCursor: next }) };
  }

  /** Throws AgentNotFoundError and ProtocolError if there is no such tool; other failures are results. */
  async call(params: CallToolRequestParams, context: ServerContext): Promise<ToolAnswer> {
    const { name, arguments: given = {} } = params;
    const agent = await agentOf(callerOf(context), name);
    if (this.#runs.asksForTask(params))
      throw new TaskCreated({ task: taskOf(await begin(callerOf(context), agent, checkInput(AgentInput, given))) });
    if (this.#runs.isAnswer(context)) return asResult(() => this.#runs.resume(context));
    return asResult(async () => {
      const input = checkInput(AgentInput, given);
      return this.#runs.follow(await begin(callerOf(context), agent, input), context);
    });
  }
}

const toolOf = ({ name, description }: AgentSummary): Tool => ({
  name: agentToolName(name),
  title: name,
  description: description === "" ? `Sends a message to the agent ${name}.` : description,
  inputSchema: INPUT_SCHEMA,
  annotations: { title: name, readOnlyHint: false, openWorldHint: true },
  execution: { taskSupport: "optional" },
});

/** The agent that has a tool. Throws AgentNotFoundError, ProtocolError. */
export async function agentOf(caller: Caller, tool: string): Promise<string> {
  if (!isComposed(tool)) return (await caller.perform(operations.agent.get, { name: tool })).name;
  let cursor: string | undefined;
  do {
    const { items, next } = await caller.perform(operations.agent.list, { limit: PAGE, cursor });
    const found = items.find(({ name }) => agentToolName(name) === tool);
    if (found !== undefined) return found.name;
    cursor = next ?? undefined;
  } while (cursor !== undefined);
  throw unknownTool(tool);
}

async function begin(caller: Caller, agent: string, input: AgentInput): Promise<RunDetail> {
  const { message, thread, files } = input;
  const uploads = await receiveFiles(caller, files);
  if (thread === undefined) return caller.perform(operations.run.start, { agent, input: message, uploads });
  const id = thread === NEW_THREAD ? (await caller.perform(operations.thread.create, { agent })).id : thread;
  const { agent: other } = await caller.perform(operations.thread.get, { id });
  if (other !== agent) throw invalid(`thread ${id} is with the agent ${other}, not with ${agent}`);
  return (await caller.perform(operations.thread.send, { id, input: message, uploads })).run;
}

const invalid = (problem: string): RequestInvalidError =>
  new RequestInvalidError(problem, "Call the tool of that agent, or begin a thread with `new`.", {
    problems: [problem],
  });
