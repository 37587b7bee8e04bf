import type { CallToolResult, ContentBlock } from "@modelcontextprotocol/server";
import { isJsonObject } from "../../../kernel/json.ts";
import type { RunDetail } from "../../contract/index.ts";
import type { Standing } from "../../operations/index.ts";
import { textOf } from "../errors.ts";
import { resourceUri } from "../resources/resources.ts";
import { WAIT_TOOL } from "./tool-names.ts";

/** The answer of a run, or why there is none, with its files as links. */
export function runResult({ run, waiting }: Standing): CallToolResult {
  const { output_json: structured, state } = run;
  return {
    content: [text(answerOf(run, waiting)), ...linksOf(run), ...threadNote(run)],
    ...(isJsonObject(structured) && { structuredContent: structured }),
    ...((state === "failed" || state === "cancelled") && { isError: true }),
    _meta: metaOf(run),
  };
}

const text = (content: string): ContentBlock => ({ type: "text", text: content });

function answerOf({ id, state, output, failure, hint }: RunDetail, waiting: RunDetail): string {
  if (state === "completed") return output;
  if (state === "failed") return textOf({ message: failure?.message ?? `run ${id} failed`, hint });
  if (state === "cancelled") return `run ${id} was cancelled`;
  const approval = waiting.approvals.find((each) => each.state === "open");
  const command = approval === undefined ? `caxton run answer ${waiting.id}` : `caxton approval approve ${approval.id}`;
  return `Run ${id} is ${waiting.state}: it continues once a person has answered, in the dashboard or by \`${command}\`. The tool ${WAIT_TOOL} then returns its answer.`;
}

const linksOf = ({ artifacts }: RunDetail): readonly ContentBlock[] =>
  artifacts.map(({ id, name, media_type: mimeType, bytes: size }) => ({
    type: "resource_link",
    uri: resourceUri("artifacts", id),
    name,
    mimeType,
    size,
  }));

/** Models see the content only, and need the thread to continue it. */
const threadNote = ({ thread }: RunDetail): readonly ContentBlock[] =>
  thread === null ? [] : [text(`thread: ${thread.id}`)];

const metaOf = ({ id, state, thread, cost, failure, ...run }: RunDetail) => ({
  "caxton/run": id,
  "caxton/state": state,
  ...(thread !== null && { "caxton/thread": thread.id }),
  ...(failure !== null && { "caxton/error": failure.code }),
  "caxton/usage": { input_tokens: run.input_tokens, output_tokens: run.output_tokens, cost },
});
