import type { CallContext, ContentPart, ToolResult, ToolRunner } from "../../tools/catalogue/index.ts";
import type { Redactors } from "./redactors.ts";

/** Tools whose results, errors, questions and log lines show nothing of what is to be hidden. Of files only secrets are hidden. */
export function redactedTools(tools: ToolRunner, redactors: Redactors): ToolRunner {
  const { journal } = redactors;
  return {
    servers: () => tools.servers(),
    call: async (call, signal) =>
      redactedResult(
        await tools.call({ ...call, context: redactedContext(call.context, redactors) }, signal),
        redactors,
      ),
    logs: (server) => tools.logs(server).map((line) => ({ ...line, text: journal.text(line.text) })),
    endSession: (session) => tools.endSession(session),
  };
}

function redactedContext(context: CallContext, { journal }: Redactors): CallContext {
  const { ask, onProgress, onLog } = context;
  return {
    ...context,
    ask: ask && ((question, signal) => ask({ ...question, message: journal.text(question.message) }, signal)),
    onProgress: onProgress && ((progress) => onProgress({ ...progress, message: journal.text(progress.message) })),
    onLog: onLog && ((lines) => onLog(lines.map((line) => ({ ...line, text: journal.text(line.text) })))),
  };
}

function redactedResult(result: ToolResult, redactors: Redactors): ToolResult {
  const { journal } = redactors;
  if (result.type === "failed") return { ...result, message: journal.text(result.message) };
  const { structured } = result;
  return {
    ...result,
    content: result.content.map((part) => redactedPart(part, redactors)),
    structured: structured === undefined ? undefined : journal.json(structured),
  };
}

function redactedPart(part: ContentPart, { journal, files }: Redactors): ContentPart {
  switch (part.type) {
    case "text":
      return { ...part, text: journal.text(part.text) };
    case "file":
      return { ...part, name: journal.text(part.name), text: files.text(part.text) };
    case "bytes":
      return { ...part, name: journal.text(part.name) };
  }
}
