import type { MemoryFigures } from "../../../../src/api/contract/index.ts";
import { text } from "../../text/text.ts";

/** Maximum scopes of one request. */
const SCOPES_MAX = 20;

const ID_CHARS_SHOWN = 12;

/** A scope as people read it: of a conversation the end of its id, which is where ids of one minute differ. */
export function scopeName(scope: string): string {
  const [kind, owner] = [scope.slice(0, scope.indexOf(":")), scope.slice(scope.indexOf(":") + 1)];
  if (kind === "agent-only") return text.memory.ownScope(owner);
  if (kind !== "conversation") return scope;
  return text.memory.conversationScope(owner.length > ID_CHARS_SHOWN ? `…${owner.slice(-ID_CHARS_SHOWN)}` : owner);
}

const KINDS = ["shared", "agents", "conversations"] as const;

const kindOf = (scope: string): (typeof KINDS)[number] =>
  scope.startsWith("agent-only:") ? "agents" : scope.startsWith("conversation:") ? "conversations" : "shared";

/** Scopes by who has them, in the order they are given. */
export function scopeGroups(
  scopes: readonly string[],
): readonly { readonly kind: (typeof KINDS)[number]; readonly scopes: readonly string[] }[] {
  return KINDS.map((kind) => ({ kind, scopes: scopes.filter((scope) => kindOf(scope) === kind) })).filter(
    (group) => group.scopes.length > 0,
  );
}

/** Shared scopes first, then those with the most entities, and the number of scopes beyond the limit of a request. */
export function scopesToLookInto({ scopes }: Pick<MemoryFigures, "scopes">): {
  readonly scopes: readonly string[];
  readonly leftOut: number;
} {
  const others = scopes.toSorted((one, other) => other.entities - one.entities).map(({ scope }) => scope);
  const all = [...new Set(["workspace", "global", ...others])];
  return { scopes: all.slice(0, SCOPES_MAX), leftOut: Math.max(0, all.length - SCOPES_MAX) };
}
