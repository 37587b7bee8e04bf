import { createHash } from "node:crypto";
import { canonicalJson, type JsonObject } from "../../kernel/json.ts";
import { type MatchMode, isAbout, type PolicyInput } from "./match.ts";
import { readRule, type Rule } from "./rule.ts";

/** Rules of one level, as written. All of them are well-formed: who reads them from outside has checked. */
export type RuleSet = {
  readonly deny: readonly string[];
  readonly allow: readonly string[];
  readonly ask: readonly string[];
  /** Calls of tools that say they are destructive are asked for, where no rule of this level is about them. */
  readonly askDestructive: boolean;
};

/** What an agent may do, by the word of the server and of its own definition. Plain data. */
export type Permissions = {
  readonly server: RuleSet;
  readonly definition: RuleSet;
  /** How long an approval waits. */
  readonly expiresMs: number;
  /** Effect of an expired approval: the model is informed, or the run fails. */
  readonly onExpiry: "refuse" | "fail";
  /** Roles that may answer; empty means all that may do anything at all. */
  readonly approvers: readonly string[];
};

/** Whose rule it was. */
export const RULE_LEVELS = ["server", "definition"] as const;
export type RuleLevel = (typeof RULE_LEVELS)[number];

/** What a request says of calls with side effects: made as the rules say, submitted for approval, or not offered to the model. */
export const SIDE_EFFECTS = ["allow", "ask", "deny"] as const;
export type SideEffects = (typeof SIDE_EFFECTS)[number];

/** Whether a request allows less than the one of a run that it may join. */
export const isStricter = (one: SideEffects = "allow", other: SideEffects = "allow"): boolean =>
  SIDE_EFFECTS.indexOf(one) > SIDE_EFFECTS.indexOf(other);

/** Who requires an approval: the rules of a level, or the request of the run. */
export const APPROVAL_LEVELS = [...RULE_LEVELS, "request"] as const;
export type ApprovalLevel = (typeof APPROVAL_LEVELS)[number];

/** Stands in the place of a rule where it was the tool's own word that made a person be asked. */
export const DESTRUCTIVE = "ask_destructive";

export type Verdict =
  | { readonly type: "allow" }
  | { readonly type: "deny"; readonly level: RuleLevel; readonly rule: string }
  | { readonly type: "ask"; readonly level: ApprovalLevel; readonly rule: string };

export const NO_RULES: RuleSet = { deny: [], allow: [], ask: [], askDestructive: false };
export const PERMIT_ALL: Permissions = {
  server: NO_RULES,
  definition: NO_RULES,
  expiresMs: 86_400_000,
  onExpiry: "refuse",
  approvers: [],
};

type Compiled = { readonly [Kind in "deny" | "allow" | "ask"]: readonly Rule[] };
const compiled = new WeakMap<RuleSet, Compiled>();

/**
 * What the rules say of a call. In each level deny comes before allow and allow before ask; of the two levels the stricter
 * word counts, so a definition can forbid and ask more than the server, never less. Without any rule: allow.
 */
export function evaluatePolicy(permissions: Permissions, call: PolicyInput, isDestructive: boolean): Verdict {
  const words = RULE_LEVELS.map((level) => wordOf(permissions[level], { level, call, isDestructive }));
  return (
    words.find(({ type }) => type === "deny") ?? words.find(({ type }) => type === "ask") ?? { type: "allow" as const }
  );
}

function wordOf(
  rules: RuleSet,
  {
    level,
    call,
    isDestructive,
  }: { readonly level: RuleLevel; readonly call: PolicyInput; readonly isDestructive: boolean },
): Verdict {
  const { deny, allow, ask } = compile(rules);
  const first = (among: readonly Rule[], doubt: MatchMode) => among.find((rule) => isAbout(rule, call, doubt));
  const denied = first(deny, "fits");
  if (denied) return { type: "deny", level, rule: denied.text };
  if (first(allow, "fits-not")) return { type: "allow" };
  const asked = first(ask, "fits");
  if (asked) return { type: "ask", level, rule: asked.text };
  return isDestructive && rules.askDestructive ? { type: "ask", level, rule: DESTRUCTIVE } : { type: "allow" };
}

function compile(rules: RuleSet): Compiled {
  let known = compiled.get(rules);
  if (known === undefined) {
    known = { deny: rules.deny.flatMap(ruleOf), allow: rules.allow.flatMap(ruleOf), ask: rules.ask.flatMap(ruleOf) };
    compiled.set(rules, known);
  }
  return known;
}

function ruleOf(text: string): readonly Rule[] {
  const read = readRule(text);
  if (read.type === "rule") return [read.rule];
  // A rule that cannot be read must not be taken for one that is not there.
  throw new Error(`the rule ${JSON.stringify(text)} cannot be read: ${read.problem.message}`);
}

/** What an approval is bound to: a change of any of these makes it void. */
export type Bound = {
  readonly agent: string;
  readonly revision: number;
  readonly server: string;
  readonly tool: string;
  readonly arguments: JsonObject;
  /** `policyHash`. */
  readonly policy: string;
  /** Of the tool server as it serves: module, grants, the tool's schema. */
  readonly toolRevision: string;
};

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** sha256 of the rules of both levels, hexadecimal. */
export const policyHash = ({ server, definition }: Permissions): string =>
  sha256(canonicalJson({ server: plain(server), definition: plain(definition) }));

const plain = ({ deny, allow, ask, askDestructive }: RuleSet): JsonObject => ({
  deny: [...deny],
  allow: [...allow],
  ask: [...ask],
  askDestructive,
});

/** sha256 of everything an approval is bound to, hexadecimal. */
export const boundHash = (bound: Bound): string => sha256(canonicalJson({ ...bound }));
