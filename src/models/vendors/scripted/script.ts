import * as z from "zod";
import { parseJson } from "../../../kernel/json.ts";
import { FINISH_REASONS, MODEL_FAILURES } from "../../port/index.ts";
import { ScriptInvalidError } from "../errors.ts";
import { locate } from "./json-position.ts";

const Count = z.int().min(0);

const ScriptedToolCall = z.strictObject({
  name: z.string().min(1),
  /** A string is sent unchanged, so that a script can contain malformed arguments. */
  arguments: z.union([z.string(), z.record(z.string(), z.json())]).default({}),
});

const ScriptedError = z.strictObject({
  class: z.enum(MODEL_FAILURES),
  message: z.string(),
  status: z.int().min(100).max(599).optional(),
  retryAfterMs: Count.optional(),
  /** Attempts that fail before the turn is answered; absent means every one. */
  times: z.int().min(1).optional(),
  /** Characters of `text` that come before the failure. */
  afterChars: Count.optional(),
});

/** One answer of a scripted model. */
export const ScriptedTurn = z
  .strictObject({
    /** The turn belongs only to requests whose latest user message has this text. */
    when: z.strictObject({ userIncludes: z.string().min(1) }).optional(),
    reasoning: z.string().optional(),
    text: z.string().optional(),
    toolCalls: z.array(ScriptedToolCall).optional(),
    delayMs: Count.max(600_000).optional(),
    /** Characters in one text delta; absent means all in one. */
    chunkChars: z.int().min(1).optional(),
    usage: z
      .strictObject({
        inputTokens: Count.optional(),
        outputTokens: Count.optional(),
        cachedInputTokens: Count.optional(),
        cacheWriteTokens: Count.optional(),
        reasoningTokens: Count.optional(),
      })
      .optional(),
    finish: z.enum(FINISH_REASONS).optional(),
    error: ScriptedError.optional(),
  })
  .refine((turn) => turn.text !== undefined || turn.toolCalls !== undefined || turn.error !== undefined, {
    message: "a turn needs text, toolCalls or error",
  })
  .refine((turn) => turn.error?.times === undefined || turn.text !== undefined || turn.toolCalls !== undefined, {
    path: ["error", "times"],
    message: "after the failures the turn needs text or toolCalls to answer with",
  });
export type ScriptedTurn = z.infer<typeof ScriptedTurn>;
/** A turn as a file or a test writes it. */
export type ScriptedTurnInput = z.input<typeof ScriptedTurn>;

const Script = z.array(ScriptedTurn).min(1);

/** The turns of a script file. Throws ScriptInvalidError with every problem as `file:line:column: path: what`. */
export function parseScript(file: string, text: string): readonly ScriptedTurn[] {
  const json = parseJson(text);
  if (json.type === "malformed") throw invalid(file, [`${file}: ${json.reason}`]);
  const script = Script.safeParse(json.value);
  if (script.success) return script.data;
  const problems = script.error.issues.map((issue) => {
    const path = issue.path.map((key) => (typeof key === "symbol" ? String(key) : key));
    const { line, column } = locate(text, path);
    return `${file}:${line}:${column}: ${pathText(path)}${issue.message}`;
  });
  throw invalid(file, problems);
}

const invalid = (file: string, problems: readonly string[]) =>
  new ScriptInvalidError(
    `the script of answers cannot be used: ${problems.join("; ")}`,
    'A script is a JSON array of turns such as {"text": "Hello"}; docs/guides/models.md lists the keys.',
    { file, problems },
  );

const pathText = (path: readonly (string | number)[]) => {
  const text = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("");
  return text === "" ? "" : `${text.replace(/^\./, "")}: `;
};
