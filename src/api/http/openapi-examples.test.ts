import { expect, test } from "vitest";
import { takes } from "../contract/index.ts";
import { OPERATIONS } from "../operations/index.ts";
import { EXAMPLES } from "./openapi-examples.ts";

// verifies("api.operations")

/** An exported run, which is as long as the run. */
const WITHOUT = ["run.replayExport"];
const withBody = OPERATIONS.map(({ operation }) => operation).filter((each) => takes(each, "body"));

test("each operation with a body has an example, and no other", () => {
  const names = withBody.map(({ name }) => name).filter((name) => !WITHOUT.includes(name));
  expect(Object.keys(EXAMPLES).toSorted()).toEqual(names.toSorted());
});

test.each(withBody.filter(({ name }) => !WITHOUT.includes(name)))("the example of $name fits its schema", (each) => {
  const example = EXAMPLES[each.name] ?? {};
  // What reads the body has decoded a module.
  const { module } = example;
  const body = typeof module === "string" ? { ...example, module: Buffer.from(module, "base64") } : example;
  expect(each.body.safeParse(body).error?.issues ?? []).toEqual([]);
});
