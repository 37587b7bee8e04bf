import * as z from "zod";
import { JsonObject } from "../../kernel/json.ts";
import { type ToolQuestion, type ToolReply, withDefaults } from "../catalogue/index.ts";
import { cleanLine, cleanSchema, cleanText, isDeeperThan } from "../../kernel/clean.ts";
import type { Elicitor } from "./request-scope.ts";

const MESSAGE_CHARS_MAX = 4_000;
const URL_CHARS_MAX = 4_000;
const SCHEMA_CHARS_MAX = 64 * 1024;

/** A server's wish to know something from a person: by a form, or on a page of its own. */
export const Elicitation = z.union([
  z.object({ mode: z.literal("url"), message: z.string(), url: z.string() }),
  z.object({ mode: z.literal("form").optional(), message: z.string(), requestedSchema: JsonObject }),
]);

/** What the protocol calls an answer. */
export type ElicitAnswer = {
  action: "accept" | "decline" | "cancel";
  content?: Record<string, string | number | boolean | string[]>;
};

const Content = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]));

export type Question = Omit<ToolQuestion, "server">;

/**
 * Asks a person on behalf of a server; declines if no person can be asked, or the question is not fit to be shown.
 * `remark` receives the reason. Rejects when the call ends first.
 */
export async function elicit(
  params: unknown,
  ask: Elicitor | undefined,
  remark: (text: string) => void,
): Promise<ElicitAnswer> {
  const question = readQuestion(params, remark);
  if (question === undefined) return { action: "decline" };
  if (ask === undefined) {
    remark("a question of the server was declined: no user can answer it");
    return { action: "decline" };
  }
  return answerOf(await ask(question), question.schema);
}

/** A question as it is shown; undefined if it is declined, and `remark` receives the reason. */
export function readQuestion(params: unknown, remark: (text: string) => void): Question | undefined {
  const decline = (why: string): undefined => {
    remark(`a question of the server was declined: ${why}`);
  };
  const parsed = Elicitation.safeParse(params);
  if (!parsed.success) return decline("it is not one the protocol knows");
  const message = cleanText(parsed.data.message, MESSAGE_CHARS_MAX);
  if (parsed.data.mode === "url") {
    const url = shownUrl(parsed.data.url);
    if (url === undefined) return decline("its address is no http or https URL");
    return { message, schema: undefined, url };
  }
  const { requestedSchema } = parsed.data;
  if (isDeeperThan(requestedSchema) || JSON.stringify(requestedSchema).length > SCHEMA_CHARS_MAX)
    return decline("its form is too large");
  return { message, schema: cleanSchema(requestedSchema), url: undefined };
}

function shownUrl(text: string): string | undefined {
  if (text.length > URL_CHARS_MAX || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === "https:" || url.protocol === "http:" ? cleanLine(url.href, URL_CHARS_MAX) : undefined;
}

export function answerOf(reply: ToolReply, schema: JsonObject = {}): ElicitAnswer {
  switch (reply.type) {
    case "accepted":
      return { action: "accept", content: Content.parse(withDefaults(schema, reply.content)) };
    case "declined":
      return { action: "decline" };
    case "cancelled":
      return { action: "cancel" };
  }
}
