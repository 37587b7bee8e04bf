import type { RunDetail } from "../../contract/index.ts";
import { endError } from "../chat/errors.ts";
import type { ToolCall, Usage } from "../chat/answer.ts";
import { type Fault, toFault } from "../../../kernel/errors.ts";
import { mintedAtMs } from "../../../kernel/ids.ts";
import type { ResponseRequest } from "./request.ts";

const MS = 1_000;

/** What a response repeats of its request; of one that is read later, little is known. */
export type Asked = Partial<ResponseRequest> & { readonly model: string };

/** The id in the field `conversation` of a request. */
export const idOf = (conversation: NonNullable<ResponseRequest["conversation"]>): string =>
  typeof conversation === "string" ? conversation : conversation.id;

export const textPart = (text: string) => ({ type: "output_text", text, annotations: [], logprobs: [] });
export const messageItem = (response: string, text: string | undefined, status = "completed") => ({
  id: response.replace("resp_", "msg_"),
  type: "message",
  role: "assistant",
  status,
  content: text === undefined ? [] : [textPart(text)],
});
export const callItem = ({ id, function: called }: ToolCall, status = "completed") => ({
  id: id.replace("call_", "fc_"),
  type: "function_call",
  call_id: id,
  name: called.name,
  arguments: called.arguments,
  status,
});
export type OutputItem = ReturnType<typeof messageItem> | ReturnType<typeof callItem>;

export type State = {
  readonly status: "in_progress" | "completed" | "failed" | "cancelled";
  readonly output: readonly OutputItem[];
  /** Absent while only its id is known. */
  readonly run?: RunDetail;
  readonly usage?: Usage;
  /** Why it failed, if its run does not say it. */
  readonly fault?: Fault;
};

/** The time of the run that an id of a response names, in seconds: the same in every answer and event of a response. */
const createdAt = (id: string): number => Math.floor(mintedAtMs(id.slice("resp_".length)) / MS);

export const responseOf = (id: string, asked: Asked, { status, output, run, usage, fault }: State) => ({
  id,
  object: "response",
  created_at: createdAt(id),
  status,
  background: asked.background ?? false,
  conversation: asked.conversation == null ? null : { id: idOf(asked.conversation) },
  error: status === "failed" ? errorOf(fault ?? toFault(run && endError(run))) : null,
  incomplete_details: null,
  instructions: asked.instructions ?? null,
  max_output_tokens: null,
  metadata: {},
  model: asked.model,
  output,
  parallel_tool_calls: true,
  previous_response_id: asked.previous_response_id ?? null,
  reasoning: { effort: null, summary: null },
  store: asked.store ?? true,
  temperature: null,
  text: { format: { type: "text" }, ...asked.text },
  tool_choice: "auto",
  tools: (asked.tools ?? []).map((tool) => ({ strict: false, ...tool })),
  top_p: null,
  truncation: "disabled",
  usage: usage === undefined ? null : usageOf(usage),
  user: null,
});

const usageOf = ({ input, output }: Usage) => ({
  input_tokens: input,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: output,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: input + output,
});

const errorOf = ({ code, message }: Fault) => ({ code, message });

/** A failure as an event of a stream. */
export const errorEvent = ({ code, message }: Fault, requestId: string, number: number) => ({
  type: "error",
  code,
  message,
  param: null,
  sequence_number: number,
  request_id: requestId,
});
