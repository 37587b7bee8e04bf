import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ToolServerStateError } from "./errors.ts";
import { ACTIONS, unavailableReason, isOpen, perform, type ToolServerLife } from "./life.ts";

const REASONED = ["quarantined", "paused", "pending", "failed"] as const;
const PLAIN = ["unloaded", "loaded", "running", "draining"] as const;

const life: fc.Arbitrary<ToolServerLife> = fc.oneof(
  fc.record({ state: fc.constantFrom(...PLAIN) }),
  fc.record({ state: fc.constantFrom(...REASONED), reason: fc.string() }),
);

/** Which actions each state allows, and where they lead; written out apart from the code. */
const ALLOWED: { readonly [edge: string]: string } = {
  "loaded pause": "paused",
  "running pause": "paused",
  "quarantined pause": "paused",
  "paused resume": "loaded",
  "loaded delete": "draining",
  "running delete": "draining",
  "quarantined delete": "draining",
  "paused delete": "draining",
  "pending delete": "draining",
  "failed delete": "draining",
};

const outcomeOf = (from: ToolServerLife, action: (typeof ACTIONS)[number]): string => {
  try {
    return perform("s", from, action, "why").state;
  } catch (error) {
    return error instanceof ToolServerStateError ? error.message : String(error);
  }
};

test("an action leads where the table says, and every other one is refused with state and action named", () => {
  fc.assert(
    fc.property(life, fc.constantFrom(...ACTIONS), (from, action) => {
      const refusal = `s is ${from.state}, so it is not possible to ${action} it`;
      expect(outcomeOf(from, action)).toBe(ALLOWED[`${from.state} ${action}`] ?? refusal);
    }),
  );
});

test("whatever is done to a server, it takes calls exactly when it is open, and one that is being deleted never comes back", () => {
  fc.assert(
    fc.property(life, fc.array(fc.constantFrom(...ACTIONS), { maxLength: 12 }), (from, actions) => {
      let current = from;
      for (const action of actions) {
        const before = current;
        if (ALLOWED[`${before.state} ${action}`] !== undefined) current = perform("s", before, action, "");
        expect(unavailableReason(current) === undefined).toBe(isOpen(current));
        expect([before.state, current.state]).not.toEqual(["draining", expect.not.stringMatching("draining")]);
      }
    }),
  );
});
