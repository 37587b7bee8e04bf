import { expect, test } from "vitest";
import { homeOf } from "../../src/access/principal.ts";
import { PresentedTokens } from "../../src/api/operations/messaging/presented-tokens.ts";
import { mintToken } from "../../src/messaging/directory/tokens.ts";

test("a request without a workspace applies to the first one of its grants that is there", () => {
  const grants = ["gone", "red", "blue"].map((workspace) => ({ workspace, role: "user" }));
  expect(homeOf(grants, (workspace) => workspace !== "gone")).toBe("red");
  expect(homeOf([{ workspace: "*", role: "user" }, ...grants], () => true)).toBe("default");
  expect(homeOf([], () => true)).toBe("default");
});

test("a client presents at most 100 tokens, because each message is checked against all", () => {
  const participants = { find: () => undefined, get: () => expect.fail(), holds: () => false, changes: 0 };
  const principal = { kind: "key", name: "ci", workspace: "red", tokens: [] } as const;
  const presented = new PresentedTokens({ participants, tokensRequired: true }, { ...principal, ...rights() });
  const shown = Array.from({ length: 120 }, () => presented.show(mintToken()));
  expect(shown.filter((result) => result === "added")).toHaveLength(100);
  expect([shown.at(-1), presented.show("cxp_short")]).toEqual(["full", "invalid"]);
});

const rights = () => ({
  id: "key_1",
  role: "user",
  roles: [],
  grants: [],
  permissions: new Set<never>(),
  narrowed: [],
  everywhere: new Set<never>(),
  expiresAtMs: undefined,
});
