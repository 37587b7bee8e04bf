import { MemoryScopeError } from "./errors.ts";

/** Who may look: one agent; all of a workspace; everyone; who takes part in a conversation. */
export const SCOPE_TYPES = ["agent-only", "workspace", "global", "conversation"] as const;
export type ScopeType = (typeof SCOPE_TYPES)[number];

/** Where a fact belongs. Names are unique within one scope, and relations never leave it. */
export type Scope =
  | { readonly type: "agent-only"; readonly workspace: string; readonly agent: string }
  | { readonly type: "workspace"; readonly workspace: string }
  | { readonly type: "global" }
  | { readonly type: "conversation"; readonly workspace: string; readonly conversationId: string };

/** A scope as one string: `global`, `workspace:default`, `agent-only:default/analyst`, `conversation:default/0199…`. At most 400 characters. */
export type ScopeKey = string;

const KEY =
  /^(?:(?<global>global)|workspace:(?<workspace>[^/]{1,100})|(?<type>agent-only|conversation):(?<of>[^/]{1,100})\/(?<owner>.{1,256}))$/u;

export const scopeKey = (scope: Scope): ScopeKey => {
  switch (scope.type) {
    case "global":
      return "global";
    case "workspace":
      return `workspace:${scope.workspace}`;
    case "agent-only":
      // Two agents never differ by case alone.
      return `agent-only:${scope.workspace}/${scope.agent.toLowerCase()}`;
    case "conversation":
      return `conversation:${scope.workspace}/${scope.conversationId}`;
  }
};

/** The scope that a key names. Throws MemoryScopeError for what is none. */
const readScopeKey = (key: ScopeKey): Scope => {
  const parts = KEY.exec(key)?.groups;
  if (!parts) {
    throw new MemoryScopeError(
      `"${key.slice(0, 100)}" is no scope of memory`,
      "Scopes are written as global, workspace:<name>, agent-only:<workspace>/<agent> or conversation:<workspace>/<id>.",
      { scope: key.slice(0, 100) },
    );
  }
  const { workspace, type, of: within = "", owner = "" } = parts;
  if (workspace !== undefined) return { type: "workspace", workspace };
  if (type === "agent-only") return { type, workspace: within, agent: owner };
  if (type === "conversation") return { type, workspace: within, conversationId: owner };
  return { type: "global" };
};

/** What kind of scope a key names; undefined for what is none. */
export const scopeTypeOf = (key: ScopeKey): ScopeType | undefined =>
  SCOPE_TYPES.find((type) => key === type || key.startsWith(`${type}:`));

/** A key as people write it, without the workspace: `workspace`, `global`, `agent-only:<agent>`, `conversation:<id>`. */
export const scopeText = (key: ScopeKey): string => {
  const scope = readScopeKey(key);
  if (scope.type === "agent-only") return `agent-only:${scope.agent}`;
  return scope.type === "conversation" ? `conversation:${scope.conversationId}` : scope.type;
};

/** What an agent that speaks in a conversation may look at, nearest first. */
export const visibleScopes = (of: {
  readonly workspace: string;
  readonly agent?: string | undefined;
  readonly conversationId?: string | undefined;
}): readonly Scope[] => [
  ...(of.conversationId === undefined
    ? []
    : [{ type: "conversation", workspace: of.workspace, conversationId: of.conversationId } as const]),
  ...(of.agent === undefined ? [] : [{ type: "agent-only", workspace: of.workspace, agent: of.agent } as const]),
  { type: "workspace", workspace: of.workspace },
  { type: "global" },
];
