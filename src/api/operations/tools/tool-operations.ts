import { randomUUIDv7 } from "node:crypto";
import * as z from "zod";
import { PermissionDeniedError, runCallerOf } from "../../../access/index.ts";
import { mint, RunId, ToolCallId } from "../../../kernel/ids.ts";
import {
  type AwaitReply,
  type ContentPart,
  failedCall,
  type Tool,
  type ToolLimits,
  type ToolResult,
  type ToolServer,
  toolId,
  toolTokens,
} from "../../../tools/catalogue/index.ts";
import { type InputOf, operations } from "../../contract/index.ts";
import type * as contract from "../../contract/index.ts";
import type { ApiServices } from "../api-services.ts";
import { type Call, type CallUser, implement } from "../perform.ts";
import { presentObservation } from "./grant-operations.ts";
import { releaseUploads } from "../runs/run-operations.ts";
import { instant } from "../instant.ts";
import { mayChangeShared, ownTools } from "./own-tools.ts";

export const presentTool = (tool: Tool): contract.ToolDetail => ({
  id: toolId(tool),
  name: tool.name,
  title: tool.title,
  description: tool.description,
  input_schema: { ...tool.inputSchema },
  output_schema: tool.outputSchema ? { ...tool.outputSchema } : null,
  read_only: tool.effects.readOnly,
  idempotent: tool.effects.idempotent,
  destructive: tool.effects.destructive === true,
  tokens: toolTokens(tool),
});

export const presentLimits = (limits: ToolLimits): contract.ToolServerDetail["limits"] => ({
  fuel_per_call: limits.fuelPerCall,
  memory_bytes: limits.memoryBytesMax,
  deadline_ms: limits.deadlineMs,
  result_bytes: limits.resultBytesMax,
});

const presentServer = (server: ToolServer): contract.ToolServerDetail => ({
  name: server.name,
  version: server.version,
  description: server.description,
  interface: server.interface,
  sandboxed: server.isSandboxed,
  state: server.state,
  reason: server.reason,
  module_hash: server.moduleHash,
  grants: [...server.grants],
  limits: presentLimits(server.limits),
  calls: {
    done: server.calls.done,
    failed: server.calls.failed,
    denied: server.calls.denied,
    fuel: server.calls.fuel,
    duration_ms: server.calls.durationMs,
  },
  tools: server.tools.map(presentTool),
});

const list = implement(operations.tool.list, ({ tools: { catalogue } }, _input, { admission }) => ({
  items: catalogue
    .of(admission.principal.workspace)
    .servers()
    .filter(({ name }) => admission.covers("tools", name))
    .map(presentServer),
  next: null,
}));

/** Throws ToolServerNotFoundError. */
const get = implement(operations.tool.get, ({ tools: { catalogue } }, { server }, { principal: { workspace } }) =>
  presentServer(catalogue.of(workspace).server(server)),
);

/** Throws ToolServerNotFoundError, ToolServerSharedError. */
export function logLines({ tools }: ApiServices, server: string, { principal }: Call): contract.ToolLog {
  const { workspace } = ownTools(tools, server, { principal, what: "read its log" });
  const lines = tools.catalogue.of(workspace).logs(server);
  return { items: lines.map(({ atMs, text }) => ({ at: instant(atMs), text })), next: null };
}

const logs = implement(operations.tool.logs, (services, { server }, call) => logLines(services, server, call));

function presentFile(part: ContentPart): contract.ToolCallOutcome["files"] {
  if (part.type === "text") {
    if (part.resource === undefined) return [];
    const { name, mediaType, uri } = part.resource;
    return [{ name, media_type: mediaType, text: part.text.slice(`${uri}:\n`.length), base64: null, uri }];
  }
  const { name, mediaType } = part;
  if (part.type === "file") return [{ name, media_type: mediaType, text: part.text, base64: null, uri: null }];
  const base64 = Buffer.from(part.bytes).toString("base64");
  return [{ name, media_type: mediaType, text: "", base64, uri: part.uri ?? null }];
}

const plainText = (part: ContentPart): string | readonly [] =>
  part.type === "text" && part.resource === undefined ? part.text : [];

const CallParams = z.object({ server: z.string(), tool: z.string() });

/** Whether repeating a call does no harm, as its tool states. */
function mayRepeat({ tools }: ApiServices, params: unknown, workspace: string): boolean {
  const { data: target } = CallParams.safeParse(params);
  if (target === undefined) return false;
  try {
    const { readOnly, idempotent } = tools.catalogue.of(workspace).tool(target.server, target.tool).effects;
    return readOnly || idempotent;
  } catch {
    // The tool does not exist: the call is refused and does nothing.
    return false;
  }
}

/** A call that no guest was asked to do says nothing about what its tool needs. */
const wasNotMade = (result: ToolResult): boolean => result.type === "failed" && NOT_MADE.has(result.reason);
const NOT_MADE: ReadonlySet<string> = new Set([
  "unknown-tool",
  "invalid-arguments",
  "quarantined",
  "overloaded",
  "unavailable",
]);

/** Lets a call end with a question to the user of the caller. */
const waiterOf =
  ({ onQuestion }: CallUser): AwaitReply =>
  async ({ input }) => {
    if (input?.kind === "elicitation") onQuestion(input);
    return input?.kind === "sign-in"
      ? failedCall("sign-in-needed", input.message)
      : failedCall("cancelled", "the call ends with its question");
  };

/** Throws ToolServerNotFoundError, ToolNotFoundError, PermissionDeniedError; a failing call is an outcome. */
async function callTool(
  {
    tools: { catalogue: catalogues, grantWatch },
    runs: {
      stores: { uploads },
    },
  }: ApiServices,
  { server, tool: name, ...body }: InputOf<typeof operations.tool.call>,
  { signal, principal, onProgress, user }: Call,
): Promise<contract.ToolCallOutcome> {
  const isPermissive = body.observe === "permit";
  if (isPermissive && !mayChangeShared(principal))
    throw new PermissionDeniedError("tool.call with observe = permit", "tools:admin", principal.role);
  const catalogue = catalogues.of(principal.workspace);
  const tool = catalogue.tool(server, name);
  const session = randomUUIDv7();
  // No run has this id: it only keeps others from the files while the call lasts.
  const holder = mint(RunId);
  const files = await uploads.take(body.uploads, { workspace: principal.workspace, runId: holder });
  const { workspace } = principal;
  const onBehalfOf = runCallerOf(principal);
  const context = { session, workspace, agent: undefined, onBehalfOf, files, isPermissive, onProgress };
  using watch = body.observe === undefined ? undefined : grantWatch.watch(session);
  try {
    const asking = user && { ask: user.ask, answered: user.answered, awaitReply: waiterOf(user) };
    const target = { id: mint(ToolCallId), server: tool.server, tool: tool.name, arguments: body.arguments };
    const result = await catalogue.call(tool, { ...target, context: { ...context, ...asking } }, signal);
    const usage = {
      observed:
        watch === undefined || wasNotMade(result)
          ? null
          : presentObservation(grantWatch, { workspace: principal.workspace, server: tool.server }, watch.uses),
      fuel: Math.round(result.usage.fuel),
      memory_bytes: Math.round(result.usage.memoryBytes),
      duration_ms: result.usage.durationMs,
    };
    if (result.type === "failed") {
      return { outcome: result.reason, text: result.message, structured: null, files: [], ...usage };
    }
    return {
      outcome: "done",
      text: result.content.flatMap(plainText).join("\n"),
      structured: result.structured ?? null,
      files: result.content.flatMap(presentFile),
      ...usage,
    };
  } finally {
    catalogue.endSession(session);
    if (files.length > 0) await releaseUploads(uploads, holder);
  }
}

const call = implement(operations.tool.call, callTool, { mayRepeat });

export const toolOperations = [list, get, logs, call] as const;
