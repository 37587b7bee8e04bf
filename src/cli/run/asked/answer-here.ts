import { operations, type RunDetail, type RunQuestion } from "../../../api/contract/index.ts";
import { CaxtonError } from "../../../kernel/errors.ts";
import { isJsonObject, type Json } from "../../../kernel/json.ts";
import { AwaitingInputError, type Context, reportError, showDocument } from "../../frame/index.ts";
import { oneLine, safeText } from "../../terminal/index.ts";
import { contentOf } from "./answer.ts";
import { fieldLines, openInputs } from "./question-lines.ts";

/** Asks the user at the terminal the open questions of a run, or prints how to answer them. Returns true if the run continues. */
export async function answerHere(context: Context, run: RunDetail, signal: AbortSignal): Promise<boolean> {
  const { terminal, format } = context;
  terminal.status(undefined);
  if (format === "json") await showDocument(context, run);
  if (format !== "text") return false;
  const open = openInputs(run);
  // The result of a client's tool comes from a program.
  const asked = open.filter(({ server }) => server !== "client");
  if (terminal.canAsk && asked.length > 0) {
    for (const question of asked) if (!(await ask(context, run.id, question, signal))) return false;
    return true;
  }
  reportError(new AwaitingInputError(run.id, open.map(({ message }) => oneLine(message)).join("; ")), terminal, {
    asJson: false,
    debug: false,
  });
  return false;
}

/** Whether it was answered. An answer that does not fit is asked for again. */
async function ask(context: Context, id: string, question: RunQuestion, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    const content = await contentFor(context, question, signal);
    if (content === undefined) return false;
    try {
      await context.client.call(operations.run.input, { id, input: question.id, action: "accept", content });
      return true;
    } catch (error) {
      if (!(error instanceof CaxtonError) || error.code !== "ANSWER_INVALID") throw error;
      context.terminal.note(error.message);
    }
  }
}

async function contentFor(
  { terminal }: Context,
  { message, options, schema, url }: RunQuestion,
  signal: AbortSignal,
): Promise<{ [key: string]: Json } | undefined> {
  terminal.endLine();
  const prompts = await import("@clack/prompts");
  const output = terminal.streams.error;
  if (options.length > 0) {
    const choices = options.map((value) => ({ value, label: oneLine(value) }));
    const picked = await prompts.select({ message: safeText(message), output, signal, options: choices });
    return prompts.isCancel(picked) ? undefined : { answer: picked };
  }
  const fields = isJsonObject(schema?.["properties"]) ? Object.keys(schema["properties"]) : [];
  if (fields.length === 0) {
    const text = safeText(url === null ? message : `${message}\n${url}`);
    const agrees = await prompts.confirm({ message: text, output, signal });
    return agrees === true ? {} : undefined;
  }
  const lines = fieldLines(schema ?? {});
  const isText = fields.length === 1 && fields[0] === "answer";
  if (!isText) terminal.note(safeText(message));
  const words: string[] = [];
  for (const [index, field] of fields.entries()) {
    const text = await prompts.text({ message: safeText(isText ? message : (lines[index] ?? field)), output, signal });
    if (prompts.isCancel(text)) return undefined;
    if ((text ?? "") !== "") words.push(`${field}=${text}`);
  }
  return contentOf(words, schema ?? {});
}
