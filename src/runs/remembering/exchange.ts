import { createHash } from "node:crypto";
import type { AgentMemory } from "../../agents/definitions/index.ts";
import type { EntityInput, ScopeKey } from "../../memory/knowledge/index.ts";
import { isWritableByRunsIn, scopeKey } from "../../memory/knowledge/index.ts";
import type { RunView } from "../record/index.ts";

type Keeps = NonNullable<AgentMemory["keeps"]>;

const NAME_CHARS_MAX = 200;
const HASH_CHARS = 8;
const TEXT_CHARS_MAX = 8_000;
const LEFT_OUT = "(left out)";
const ANSWER = "Answer: ";

/** Input and output of a run as one entity of memory. */
export type Exchange = {
  readonly entity: EntityInput;
  /** Observations that the exchange of the same request puts others in the place of. */
  readonly isOutdated: (text: string) => boolean;
  /** The same as a text. */
  readonly text: string;
};

/** The same request is the same entity for every requester and spacing; its newest answer replaces the older one. */
export function toExchange(view: Pick<RunView, "id" | "input" | "output">, keeps: Keeps): Exchange {
  const request = kept(view.input, keeps.excludes);
  const answer = `${ANSWER}${kept(view.output, keeps.excludes)}`;
  const name = nameOf(request);
  const whole = name.isWhole ? [] : [`Request: ${request}`];
  return {
    entity: {
      name: name.text,
      type: "interaction",
      observations: [...whole, answer].map((text) => ({ text })),
      metadata: { run: view.id },
    },
    isOutdated: (text) => text.startsWith(ANSWER) && text !== answer.normalize("NFC").trim(),
    text: `Request: ${request}\n\n${answer}`,
  };
}

/**
 * Scope in which an agent's exchanges are stored. Without a conversation, the conversation's scope becomes
 * the agent's own. The scope global becomes that of the workspace if its runs may not change global memory.
 */
export function storageScope(
  { workspace, agent, message }: Pick<RunView, "workspace" | "agent" | "message">,
  { scope: type }: Keeps,
): ScopeKey {
  const conversationId = message?.conversationId;
  if (type === "global" && isWritableByRunsIn(workspace, { type })) return scopeKey({ type });
  if (type === "workspace" || type === "global") return scopeKey({ type: "workspace", workspace });
  if (type === "conversation" && conversationId !== undefined) return scopeKey({ type, workspace, conversationId });
  return scopeKey({ type: "agent-only", workspace, agent });
}

function nameOf(request: string): { readonly text: string; readonly isWhole: boolean } {
  const line = request.replaceAll(/\s+/gu, " ").trim() || "nothing";
  const name = `Asked: ${line}`;
  if (name.length <= NAME_CHARS_MAX) return { text: name, isWhole: true };
  const hash = createHash("sha256").update(line).digest("hex").slice(0, HASH_CHARS);
  return { text: `${name.slice(0, NAME_CHARS_MAX - HASH_CHARS - 3).toWellFormed()} … ${hash}`, isWhole: false };
}

/** The text without lines that have an excluded word, and cut to the maximum length. */
function kept(text: string, excludes: readonly string[]): string {
  const words = excludes.map(plain);
  const lines = text.split("\n").map((line) => {
    const asPlain = plain(line);
    return words.some((word) => asPlain.includes(word)) ? LEFT_OUT : line;
  });
  const left = lines.filter((line, index) => line !== LEFT_OUT || lines[index - 1] !== LEFT_OUT).join("\n");
  return left.length <= TEXT_CHARS_MAX ? left : `${left.slice(0, TEXT_CHARS_MAX).toWellFormed()} …`;
}

/** `API-Key` and `api_key` are one word. */
const plain = (text: string): string => text.toLowerCase().replaceAll(/[\s_-]+/gu, " ");
