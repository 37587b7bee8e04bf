import { type ClientCapabilities, RequestError, type ToolCallContent } from "@agentclientprotocol/sdk";
import { realpath } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import * as z from "zod";
import { operations, type RunDetail } from "../../api/contract/index.ts";
import { type Peer, update } from "./peer.ts";
import { type Asking, choose, type Question } from "./questions.ts";
import { toolCallId } from "./tool-calls.ts";

const READ = "editor_read_file";
const WRITE = "editor_write_file";
/** How steps name the tools of editors. */
export const isEditorTool = (tool: string): boolean => tool === `client.${READ}` || tool === `client.${WRITE}`;

const PATH = { type: "string", description: "Path in the project, relative to its directory" };
const ReadInput = z.object({ path: z.string(), line: z.int().min(1).optional(), limit: z.int().min(1).optional() });
const WriteInput = z.object({ path: z.string(), content: z.string() });

/** The tools by which an agent reads and writes files of the editor's project, as far as the editor has files. */
export const editorTools = ({ fs }: ClientCapabilities) => [
  ...(fs?.readTextFile === true
    ? [
        {
          name: READ,
          description: "Reads a text file of the user's project, with what is not saved yet.",
          input_schema: {
            type: "object",
            properties: {
              path: PATH,
              line: { type: "integer", description: "First line, from 1" },
              limit: { type: "integer", description: "Number of lines" },
            },
            required: ["path"],
          },
        },
      ]
    : []),
  ...(fs?.writeTextFile === true
    ? [
        {
          name: WRITE,
          description: "Writes a whole text file of the user's project. The user sees the change and can reject it.",
          input_schema: {
            type: "object",
            properties: { path: PATH, content: { type: "string" } },
            required: ["path", "content"],
          },
        },
      ]
    : []),
];

type ClientCall = RunDetail["client_calls"][number];
type Result = { readonly content: string };

/** Calls of a run that this editor executes. `directory` is the project's, outside of which nothing is read or written. */
export const editorCalls = (asking: Asking, directory: string, run: RunDetail): readonly Question[] =>
  run.client_calls
    .filter(({ name, state }) => state === "open" && (name === READ || name === WRITE))
    .map((call) => ({
      id: call.id,
      ask: async (signal) => {
        const execute = call.name === READ ? readFile : writeFile;
        const result = await execute({ asking, directory, run: run.id, call, signal }).catch(
          (error: unknown): Result => {
            if (signal.aborted || !(error instanceof RequestError || error instanceof z.ZodError)) throw error;
            return { content: `It failed: ${error.message}` };
          },
        );
        await asking.client.call(operations.run.input, { id: run.id, input: call.id, action: "accept", ...result });
        return true;
      },
    }));

type Execution = {
  readonly asking: Asking;
  readonly directory: string;
  readonly run: string;
  readonly call: ClientCall;
  readonly signal: AbortSignal;
};

async function readFile({ asking: { peer }, directory, call }: Execution): Promise<Result> {
  const { path: name, ...part } = ReadInput.parse(call.arguments);
  const path = await inside(directory, name);
  if (path === undefined) return outside(name);
  return peer.client.request("fs/read_text_file", { sessionId: peer.sessionId, path, ...part });
}

async function writeFile({ asking, directory, run, call, signal }: Execution): Promise<Result> {
  const { path: name, content: newText } = WriteInput.parse(call.arguments);
  const path = await inside(directory, name);
  if (path === undefined) return outside(name);
  const { peer } = asking;
  const oldText = await textOf(peer, path);
  const diff: ToolCallContent = { type: "diff", path, oldText, newText };
  const shown = { toolCallId: toolCallId(run, call.call_id), title: `Write ${name}`, kind: "edit" as const };
  const chosen = await choose(asking, signal, {
    toolCall: { ...shown, status: "pending", content: [diff], locations: [{ path }] },
    options: [
      { optionId: "allow", name: "Allow once", kind: "allow_once" },
      { optionId: "reject", name: "Reject", kind: "reject_once" },
    ],
  });
  if (chosen !== "allow") return { content: "The user rejected the change; the file is as it was." };
  // The user decided on a change of the text that was shown.
  if ((await textOf(peer, path)) !== oldText) return { content: "The file was changed meanwhile. Read it again." };
  await peer.client.request("fs/write_text_file", { sessionId: peer.sessionId, path, content: newText });
  await update(peer, { sessionUpdate: "tool_call_update", ...shown, content: [diff], locations: [{ path }] });
  return { content: `${name} is written.` };
}

/** The text of a file; null if there is none. */
async function textOf({ client, sessionId, capabilities }: Peer, path: string): Promise<string | null> {
  if (capabilities.fs?.readTextFile !== true) return null;
  try {
    return (await client.request("fs/read_text_file", { sessionId, path })).content;
  } catch (error) {
    if (error instanceof RequestError) return null;
    throw error;
  }
}

const outside = (name: string): Result => ({ content: `${name} is outside of the project's directory.` });

/** The absolute path of a file below a directory, also through links; undefined for one elsewhere. */
async function inside(directory: string, name: string): Promise<string | undefined> {
  const path = resolve(directory, name);
  const [home, real] = await Promise.all([realpath(directory).catch(() => directory), realPlace(path)]);
  const way = relative(home, real);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && resolve(home, way) === real ? path : undefined;
}

/** Where a path leads; for a file that does not exist by the directory above it that does. */
async function realPlace(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realPlace(parent), basename(path));
  }
}
