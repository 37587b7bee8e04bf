import type { Command } from "commander";
import * as z from "zod";
import { operations, type RunDetail, type RunQuestion } from "../../../api/contract/index.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "../../../kernel/json.ts";
import {
  act,
  type Context,
  examples,
  type Invocation,
  ONE_FORMATS,
  resolveRun,
  showOne,
  UsageError,
} from "../../frame/index.ts";
import { openInputs, questionLines } from "./question-lines.ts";
import { STATE_TONES } from "../detail.ts";
import { safeText } from "../../terminal/index.ts";

/** `caxton run answer` */
export function runAnswer(command: Command, invocation: Invocation): void {
  command
    .summary("answer a question of a run")
    .description(
      "Answer a question of the model, or of a tool of a remote server during a call. The run is then awaiting-input. Without an answer, the question is shown. To confirm a page to visit, use --accept.",
    )
    .argument("<run>", "id, end of the id, or last")
    .argument("[words...]", "question id if the run has several, then key=value for each field")
    .option("--text <answer>", "answer of a question without a form")
    .option("--accept", "accept, with the defaults of the form")
    .option("--decline", "decline; the model or the tool is notified");
  examples(command, [
    ["caxton run answer last", "what is asked"],
    ['caxton run answer last --text "the blue one"', ""],
    ["caxton run answer last name=Ada confirm=true", "fill in the form"],
    ["caxton run answer last --decline", ""],
    ["caxton run list --state awaiting-input", "runs that wait for an answer"],
  ]);
  act(command, invocation, {
    input: z.object({
      run: z.string(),
      words: z.array(z.string()).default([]),
      text: z.string().optional(),
      accept: z.boolean().default(false),
      decline: z.boolean().default(false),
    }),
    formats: ONE_FORMATS,
    run: async (context, { run, words, text, accept, decline }) => {
      const id = await resolveRun(context.client, run);
      const detail = await context.client.call(operations.run.get, { id });
      const question = chosen(detail.value, words);
      const given = words.filter((word) => word.includes("="));
      const isGiven = given.length > 0 || text !== undefined;
      if (decline && (accept || isGiven)) throw usage("--decline takes no answer");
      if (text !== undefined && given.length > 0) throw usage("--text is the whole answer");
      if (!decline && !accept && !isGiven) return showQuestion(context, question);
      const content = text ?? contentOf(given, question.schema ?? {});
      const { raw, value } = await context.client.call(operations.run.input, {
        id,
        input: question.id,
        ...(decline ? { action: "decline" } : { action: "accept", content }),
      });
      const state = context.terminal.style(STATE_TONES[value.state], value.state);
      await showOne(context, { raw, name: value.id, human: () => `${value.id}  ${state}\n` });
    },
  });
}

const usage = (message: string): UsageError => new UsageError(message, "caxton run answer");

/** The open question meant: by the end of its id, or the only one. Throws UsageError. */
function chosen(run: RunDetail, words: readonly string[]): RunQuestion {
  const open = openInputs(run);
  const reference = words.find((word) => !word.includes("="));
  const meant = reference === undefined ? open : open.filter(({ id }) => id.endsWith(reference.toLowerCase()));
  const [only, ...others] = meant;
  if (only && others.length === 0) return only;
  if (open.length === 0) throw usage(`run ${run.id} asks nothing: it is ${run.state}`);
  const choices = open.map(({ id, message }) => `${id}  ${message.split("\n")[0] ?? ""}`).join("\n");
  throw usage(`name one of the questions of run ${run.id}:\n${choices}`);
}

/** `key=value` words as the answer's content; a value is read as what its field takes. */
export function contentOf(words: readonly string[], schema: JsonObject): JsonObject {
  const fields = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  return Object.fromEntries(
    words.map((word) => {
      const [key = "", ...rest] = word.split("=");
      const text = rest.join("=");
      const field = fields[key];
      return [key, isJsonObject(field) ? valueOf(text, field["type"]) : text];
    }),
  );
}

function valueOf(text: string, type: Json | undefined): Json {
  if (type === "string") return text;
  if (type === "array" && !text.startsWith("[")) return text.split(",");
  const parsed = parseJson(text);
  // What is no value of its type is refused by the server, in words.
  return parsed.type === "parsed" ? parsed.value : text;
}

async function showQuestion(context: Context, question: RunQuestion): Promise<void> {
  await showOne(context, {
    raw: question,
    name: question.id,
    human: () =>
      questionLines(question)
        .map((line) => `${safeText(line)}\n`)
        .join(""),
  });
}
