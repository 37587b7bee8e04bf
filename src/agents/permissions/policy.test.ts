import * as fc from "fast-check";
import { expect, test } from "vitest";
import { answeringRole, LOCAL_APPROVER } from "./approver.ts";
import { evaluatePolicy, NO_RULES, PERMIT_ALL, type Permissions, policyHash, type RuleSet } from "./policy.ts";

// verifies("approval.rules")

const rules = (given: Partial<RuleSet>): RuleSet => ({ ...NO_RULES, ...given });
const permissions = (server: Partial<RuleSet>, definition: Partial<RuleSet> = {}): Permissions => ({
  ...PERMIT_ALL,
  server: rules(server),
  definition: rules(definition),
});
const call = { server: "fs", tool: "write", arguments: { path: "out/a" } };

test("without rules everything is allowed", () => {
  expect(evaluatePolicy(PERMIT_ALL, call, true)).toEqual({ type: "allow" });
});

test("in one level deny comes before allow, and allow before ask", () => {
  const all = { deny: ["fs.write"], allow: ["fs"], ask: ["*"] };
  expect(evaluatePolicy(permissions(all), call, false)).toEqual({ type: "deny", level: "server", rule: "fs.write" });
  expect(evaluatePolicy(permissions({ allow: ["fs"], ask: ["*"] }), call, false)).toEqual({ type: "allow" });
  expect(evaluatePolicy(permissions({ ask: ["*"] }), call, false)).toEqual({ type: "ask", level: "server", rule: "*" });
});

test("what a definition allows neither lifts what the server denies nor what it asks for", () => {
  expect(evaluatePolicy(permissions({ deny: ["fs"] }, { allow: ["*"] }), call, false)).toMatchObject({ type: "deny" });
  expect(evaluatePolicy(permissions({ ask: ["fs"] }, { allow: ["*"] }), call, false)).toMatchObject({ type: "ask" });
  expect(evaluatePolicy(permissions({ askDestructive: true }, { allow: ["*"] }), call, true)).toMatchObject({
    type: "ask",
  });
});

test("a destructive tool is asked for where that is wanted and no rule allows it", () => {
  expect(evaluatePolicy(permissions({ askDestructive: true }), call, true)).toEqual({
    type: "ask",
    level: "server",
    rule: "ask_destructive",
  });
  expect(evaluatePolicy(permissions({ askDestructive: true }), call, false)).toEqual({ type: "allow" });
  expect(evaluatePolicy(permissions({ askDestructive: true, allow: ["fs"] }), call, true)).toEqual({ type: "allow" });
});

test("adding a rule to deny never permits more, whichever level it is in", () => {
  const rule = fc.constantFrom("*", "fs", "fs.write", "fs.read", 'fs.write(path="out/*")', 'fs.write(path!="out/*")');
  const list = fc.array(rule, { maxLength: 3 });
  const set = fc.record({ deny: list, allow: list, ask: list, askDestructive: fc.boolean() });
  const strictness = { allow: 0, ask: 1, deny: 2 };
  fc.assert(
    fc.property(
      set,
      set,
      rule,
      fc.constantFrom("server" as const, "definition" as const),
      (server, definition, more, level) => {
        const before: Permissions = { ...PERMIT_ALL, server, definition };
        const after = { ...before, [level]: { ...before[level], deny: [...before[level].deny, more] } };
        expect(strictness[evaluatePolicy(after, call, true).type]).toBeGreaterThanOrEqual(
          strictness[evaluatePolicy(before, call, true).type],
        );
      },
    ),
  );
});

test("the hash of a policy changes with every rule of it", () => {
  const one = permissions({ deny: ["a"] });
  expect(policyHash(one)).toBe(policyHash(permissions({ deny: ["a"] })));
  expect(policyHash(one)).not.toBe(policyHash(permissions({ ask: ["a"] })));
  expect(policyHash(one)).not.toBe(policyHash(permissions({}, { deny: ["a"] })));
});

const roleOf = (roles: readonly string[], approvers: readonly string[]) =>
  answeringRole({ name: "ann", roles }, approvers);

test("who may answer is known by the role; an admin always may", () => {
  expect(answeringRole(LOCAL_APPROVER, ["operator"])).toBe("admin");
  expect(roleOf(["operator"], ["operator"])).toBe("operator");
  expect(roleOf(["user"], ["operator"])).toBeUndefined();
  expect(roleOf(["user"], [])).toBe("user");
  expect(roleOf(["user", "operator"], ["operator"])).toBe("operator");
  expect(roleOf(["user", "admin"], ["operator"])).toBe("admin");
});
