import { type Json, isJsonObject, type JsonObject } from "../../kernel/json.ts";
import type { Content, Message, Performative } from "../../messaging/acl/index.ts";

/** Values for the recipient's prompt template: `variables` among the message's parameters. */
export function variablesOf({ parameters }: Pick<Message, "parameters">): JsonObject | undefined {
  const variables = parameters?.["variables"];
  return isJsonObject(variables) ? variables : undefined;
}

/** Content of a message as text. */
export function textOf(content: Content): string {
  switch (content.type) {
    case "text":
      return content.text;
    case "json":
      return JSON.stringify(content.value);
    case "artifact":
      return `(${content.artifact.mediaType}, ${content.artifact.bytes} bytes, artifact ${content.artifact.id})`;
  }
}

/** Content as a model gives it: text, or any other JSON. */
export const contentFrom = (value: Json): Content =>
  typeof value === "string" ? { type: "text", text: value } : { type: "json", value };

/** Replies after which more comes: nothing waits less because of them. */
export const isInterim = (performative: Performative): boolean => performative === "agree";

const FAILED: { readonly [Act in Performative]?: string } = {
  failure: "has failed",
  refuse: "refuses",
  "not-understood": "did not understand",
  cancel: "has cancelled it",
};

/** Result of a call that waited for this reply. */
export function replyResult({ performative, sender, content, error }: Message) {
  const said = textOf(content);
  const why = FAILED[performative];
  const structured = content.type === "json" && isJsonObject(content.value) ? content.value : null;
  if (why === undefined)
    return {
      outcome: "answered" as const,
      text: performative === "inform" ? said : `${sender} (${performative}): ${said}`,
      structured,
    };
  const code = error === undefined ? "" : ` [${error.code}]`;
  return { outcome: "failed" as const, text: `${sender} ${why}${code}: ${said}`, structured };
}
