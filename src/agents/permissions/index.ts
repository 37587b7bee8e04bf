/** Which calls of tools are made, which are not, and for which a person is asked: rules, and what approvals are bound to. */
export { answeringRole, type Approver, LOCAL_APPROVER } from "./approver.ts";
export { namesTool } from "./match.ts";
export {
  APPROVAL_LEVELS,
  boundHash,
  DESTRUCTIVE,
  evaluatePolicy,
  isStricter,
  NO_RULES,
  PERMIT_ALL,
  type Permissions,
  policyHash,
  type RuleSet,
  SIDE_EFFECTS,
  type SideEffects,
  type Verdict,
} from "./policy.ts";
export { readRule } from "./rule.ts";
export { approverNames, expiresText, ON_EXPIRY, ruleLists, RULES_MAX } from "./rule-table.ts";
