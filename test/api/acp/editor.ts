import {
  client,
  type ClientCapabilities,
  type CreateElicitationRequest,
  type CreateElicitationResponse,
  ndJsonStream,
  PROTOCOL_VERSION,
  RequestError,
  type RequestPermissionRequest,
  type RequestPermissionResponse,
  type SessionUpdate,
} from "@agentclientprotocol/sdk";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Readable, Writable } from "node:stream";
import { vi } from "vitest";
import { LAUNCHER } from "../../cli/caxton.ts";

export type EditorOptions = {
  readonly server: string;
  readonly directory: string;
  readonly args?: readonly string[];
  readonly environment?: { readonly [name: string]: string };
  readonly capabilities?: ClientCapabilities;
  /** Chooses an option of a permission request; default: leaves it to the signal. */
  readonly permit?: (request: RequestPermissionRequest, signal: AbortSignal) => Promise<string | undefined>;
  /** Files of the editor, by path; absent: it has none. */
  readonly files?: Map<string, string>;
  readonly fill?: (request: CreateElicitationRequest) => Promise<CreateElicitationResponse>;
};

/** The process of `caxton acp`, as an editor starts it. */
export function startAcp({ server, directory, args = [], environment = {} }: EditorOptions) {
  const child = spawn(process.execPath, [LAUNCHER, "acp", "--server", server, ...args], {
    cwd: directory,
    env: { PATH: process.env["PATH"] ?? "", HOME: directory, ...environment },
    stdio: ["pipe", "pipe", "inherit"],
  });
  return {
    child,
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}

/** An update of a session. */
export type Sent = { readonly session: string; readonly update: SessionUpdate };

/** An editor that has started `caxton acp`. */
export async function startEditor(options: EditorOptions) {
  await using stack = new AsyncDisposableStack();
  const { child } = stack.use(startAcp(options));
  const updates: Sent[] = [];
  const asked: RequestPermissionRequest[] = [];
  const withdrawn: string[] = [];
  const app = client({ name: "test" })
    .onNotification(
      "session/update",
      ({ params: { sessionId: session, update } }) => void updates.push({ session, update }),
    )
    .onRequest("session/request_permission", async ({ params, signal }): Promise<RequestPermissionResponse> => {
      asked.push(params);
      signal.addEventListener("abort", () => withdrawn.push(params.toolCall.toolCallId));
      const optionId = await (options.permit ?? never)(params, signal);
      return { outcome: optionId === undefined ? { outcome: "cancelled" } : { outcome: "selected", optionId } };
    })
    .onRequest("fs/read_text_file", ({ params: { path } }) => {
      const content = options.files?.get(path);
      if (content === undefined) throw RequestError.resourceNotFound(path);
      return { content };
    })
    .onRequest("fs/write_text_file", ({ params: { path, content } }) => {
      options.files?.set(path, content);
      return {};
    })
    .onRequest("elicitation/create", ({ params }) => options.fill?.(params) ?? { action: "cancel" });
  const connection = app.connect(ndJsonStream(Writable.toWeb(child.stdin), Readable.toWeb(child.stdout)));
  const { agent } = connection;
  const initialized = await agent.request("initialize", {
    protocolVersion: PROTOCOL_VERSION,
    clientCapabilities: {
      ...(options.files !== undefined && { fs: { readTextFile: true, writeTextFile: true } }),
      ...options.capabilities,
    },
  });
  const owned = stack.move();
  return {
    agent,
    child,
    initialized,
    updates,
    asked,
    withdrawn,
    open: async () => (await agent.request("session/new", { cwd: options.directory, mcpServers: [] })).sessionId,
    prompt: (sessionId: string, text: string) =>
      agent.request("session/prompt", { sessionId, prompt: [{ type: "text", text }] }),
    /** The text of the messages, from the first update on. */
    said: () => textOf(updates, "agent_message_chunk"),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Leaves a question open until it is withdrawn. */
const never = (_request: RequestPermissionRequest, signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined)));

export const textOf = (
  updates: readonly Sent[],
  kind: "agent_message_chunk" | "agent_thought_chunk" | "user_message_chunk",
): string =>
  updates
    .map(({ update }) => (update.sessionUpdate === kind && update.content.type === "text" ? update.content.text : ""))
    .join("");

export const callsOf = (updates: readonly Sent[]) =>
  updates.flatMap(({ update }) =>
    update.sessionUpdate === "tool_call" || update.sessionUpdate === "tool_call_update" ? [update] : [],
  );

export const within = <Value>(check: () => Value | Promise<Value>): Promise<Value> =>
  vi.waitFor(check, { timeout: 20_000 });

/** The error of a request that was refused; undefined if it was not. */
export const refusal = (request: Promise<unknown>): Promise<unknown> =>
  request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
