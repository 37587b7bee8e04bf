import type { Command } from "commander";
import * as z from "zod";
import { type ModelCheck, type ModelTest, operations } from "../../api/contract/index.ts";
import { act, examples, type Invocation, ONE_FORMATS, showOne } from "../frame/index.ts";
import { oneLine, renderFields, showSpan, type Style, type Tone } from "../terminal/index.ts";

/** Three checks of at most a minute each, and a little. */
const WAIT_MS = 190_000;

const TONES: { readonly [State in ModelCheck["state"]]: Tone } = { ok: "green", failed: "red", skipped: "dim" };
const MARKS: { readonly [State in ModelCheck["state"]]: string } = { ok: "●", failed: "✗", skipped: "○" };
const NAMES: { readonly [Check in ModelCheck["check"]]: string } = {
  answer: "answer",
  tools: "tool call",
  structured: "JSON answer",
  embedding: "vectors",
};

/** `caxton model test` */
export function modelTest(command: Command, invocation: Invocation): void {
  command
    .summary("test a model")
    .description(
      "Send a model three small requests (text, a tool call, structured output). Print the time to the first part, the token counts, and a hint for each failure. This costs a few hundred tokens. Exits with 1 if the model does not answer.",
    )
    .argument("<model>", "provider/model");
  examples(command, [
    ["caxton model test openai/gpt-5-mini", ""],
    ["caxton model test ollama/llama3.1:8b", "a model on this machine"],
    ["caxton model test anthropic/claude-sonnet-4-5 -o json", "for scripts"],
  ]);
  act(command, invocation, {
    input: z.object({ model: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { model }) => {
      context.terminal.status(`asking ${oneLine(model)}`);
      const { raw, value } = await context.client.call(operations.model.test, { model }, { timeoutMs: WAIT_MS });
      context.terminal.status(undefined);
      const { terminal } = context;
      const human = () => renderFields(fieldsOf(value, terminal.style), terminal);
      await showOne(context, { raw, name: value.model, human });
      return value.ok ? 0 : 1;
    },
  });
}

const fieldsOf = ({ model, checks }: ModelTest, style: Style): [string, string][] => [
  ["Model", model],
  ...checks.map((check): [string, string] => [
    `${style(TONES[check.state], MARKS[check.state])} ${NAMES[check.check]}`,
    [oneLine(check.note), measured(check), check.fix === "" ? "" : `→ ${check.fix}`]
      .filter((line) => line !== "")
      .join("\n"),
  ]),
];

function measured({ first_part_ms: first, duration_ms: whole, ...tokens }: ModelCheck): string {
  if (first === null || whole === null) return "";
  const { input_tokens: input, output_tokens: output } = tokens;
  const counts = input === null && output === null ? [] : [`${input ?? "?"} tokens in, ${output ?? "?"} out`];
  return [`first part after ${showSpan(first)}, all after ${showSpan(whole)}`, ...counts].join("; ");
}
