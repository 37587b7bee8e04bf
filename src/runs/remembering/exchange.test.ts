import { expect, test } from "vitest";
import { mint, RunId } from "../../kernel/ids.ts";
import { toExchange, storageScope } from "./exchange.ts";

const KEEPS = { scope: "workspace", excludes: ["password", "api_key"] } as const;
const keeps = { ...KEEPS, excludes: [...KEEPS.excludes] };
const id = mint(RunId);
const texts = (input: string, output: string) => {
  const { entity } = toExchange({ id, input, output }, keeps);
  return [entity.name, ...(entity.observations ?? []).map(({ text }) => text)];
};

test("a short request is the name, and the answer is what is said of it", () => {
  expect(texts("Who  is\nAda?", "A mathematician.")).toEqual(["Asked: Who is Ada?", "Answer: A mathematician."]);
});

test("a long request is named by its prefix and distinguished by its whole text", () => {
  const [one, other] = [texts(`${"x".repeat(300)}1`, ""), texts(`${"x".repeat(300)}2`, "")];
  expect(one[0]?.length).toBeLessThanOrEqual(200);
  expect(one[0]).not.toBe(other[0]);
  expect(one[1]).toBe(`Request: ${"x".repeat(300)}1`);
});

test("lines with an excluded word are left out, in whatever case and spelling", () => {
  const [, answer] = texts("Where?", "In the safe.\nPassword: tulip\nAPI-Key 12\nBring a lamp.");
  expect(answer).toBe("Answer: In the safe.\n(left out)\nBring a lamp.");
  expect(texts("my PASSWORD is tulip", "Noted.")[0]).toBe("Asked: (left out)");
});

test("very long answers are kept as they begin", () => {
  const [, answer] = texts("Explain it", "y".repeat(100_000));
  expect(answer?.length).toBeLessThan(8_100);
  expect(answer).toMatch(/y …$/);
});

test("an answer to the same request takes the place of another", () => {
  const { isOutdated } = toExchange({ id, input: "Who?", output: "Bo." }, keeps);
  expect(["Answer: Ada.", "Answer: Bo.", "Request: Who?"].map(isOutdated)).toEqual([true, false, false]);
});

test("an exchange for a conversation is stored as the agent's own if there is no conversation", () => {
  const view = { workspace: "default", agent: "Ann", message: null };
  expect(storageScope(view, { ...keeps, scope: "conversation" })).toBe("agent-only:default/ann");
  expect(storageScope(view, { ...keeps, scope: "global" })).toBe("global");
  expect(storageScope({ ...view, workspace: "red" }, { ...keeps, scope: "global" })).toBe("workspace:red");
  expect(storageScope(view, keeps)).toBe("workspace:default");
});
