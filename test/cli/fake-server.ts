import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import type { runs as contract } from "../../src/api/contract/index.ts";

export type Received = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

export type Handler = (request: Received, response: ServerResponse) => void | Promise<void>;

/** A server that says what a test wants said, by `METHOD /path`, and keeps what it was asked. */
export async function fakeServer(handlers: { readonly [route: string]: Handler }) {
  const received: Received[] = [];
  const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = message.url ?? "";
    const method = message.method ?? "";
    const request = { method, path, headers: message.headers, body: (await buffer(message)).toString("latin1") };
    received.push(request);
    const handler = handlers[`${method} ${path.split("?")[0]}`];
    if (handler) await handler(request, response);
    else answer(response, problem({ status: 404, code: "ROUTE_NOT_FOUND", detail: `there is nothing at ${path}` }));
  };
  const server = createServer((message, response) => void handle(message, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Sends a document; a problem with the status it names. */
export const answer = (response: ServerResponse, document: object, status?: number): void => {
  const named = "status" in document && typeof document.status === "number" ? document.status : 200;
  response.writeHead(status ?? named, { "content-type": "application/json" });
  response.end(JSON.stringify(document));
};

export const problem = (given: { readonly status: number; readonly code: string; readonly detail: string }) => ({
  type: `/docs/errors#${given.code}`,
  title: given.code.toLowerCase(),
  hint: "do this instead",
  request_id: "request-1",
  details: {},
  ...given,
});

/** An event as the server writes it to a stream. */
export const frame = (event: { readonly type: string; readonly [member: string]: unknown }, id?: number): string =>
  `${id === undefined ? "" : `id: ${id}\n`}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

const RUN_ID = "0199c3a4-7c1e-7abc-8def-0123456789ab";

export const runSummary = (more: object = {}): contract.RunSummary => ({
  id: RUN_ID,
  workspace: "default",
  agent: "greeter",
  revision: 1,
  model: "mock/basic",
  state: "running",
  input_preview: "hello",
  output_preview: "",
  created_at: "2026-11-21T10:00:00.000Z",
  started_at: "2026-11-21T10:00:00.000Z",
  ended_at: null,
  duration_ms: null,
  steps: 1,
  tool_calls: 0,
  input_tokens: 12,
  output_tokens: 8,
  failure: null,
  resting: false,
  cost: { usd: 0, unpriced_calls: 0, estimated_calls: 0 },
  origin: null,
  message: null,
  thread: null,
  tags: [],
  parent: null,
  handed_from: null,
  handed_to: null,
  notices: [],
  ...more,
});

export const runDetail = (more: object = {}): contract.RunDetail => ({
  ...runSummary({ state: "completed", duration_ms: 42, ended_at: "2026-11-21T10:00:01.000Z" }),
  input: "hello",
  handoffs: { from: null, to: null },
  variables: {},
  output: "Good day to you.",
  output_json: null,
  remembered: null,
  choice: null,
  system_prompt: "You greet.",
  messages: [],
  side_effects: "allow",
  recalled: "",
  prompt: "hello",
  files: [],
  client_message_id: null,
  inputs: [],
  attempt: 1,
  acts_as: "agent_greeter",
  caller: null,
  isolation: "context",
  waiting_for: null,
  made_from_it: [],
  waiting_calls: [],
  questions: [],
  client_calls: [],
  hint: "",
  notice_list: [],
  summaries: [],
  approvals: [],
  replies: [],
  spent: { tokens: 20, usd: 0, tool_calls: 0, seconds: 0.1, fuel: 0 },
  step_list: [],
  artifacts: [],
  last_event_id: "re9",
  ...more,
});

export const toolStep = (more: object = {}): Extract<contract.Step, { kind: "tool" }> => ({
  kind: "tool",
  index: 2,
  turn: 1,
  state: "done",
  started_at: "2026-11-21T10:00:00.000Z",
  duration_ms: 12,
  call_id: "0199c3a4-7c1e-7abc-8def-0123456789ac",
  tool: "csv_parser.group",
  arguments: { by: "region" },
  waits_for: null,
  outcome: "done",
  text: "3 rows",
  structured: null,
  fuel: 1200,
  memory_bytes: 65536,
  artifacts: [],
  ...more,
});

export { RUN_ID };
