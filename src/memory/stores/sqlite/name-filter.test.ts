import { expect, test } from "vitest";
import { NameFilter } from "./name-filter.ts";

test("a name that was added may be there, and hardly any other, in the same memory for all who share it", () => {
  const filter = NameFilter.of(5_000);
  const other = new NameFilter(filter.shared);
  const names = Array.from({ length: 5_000 }, (_none, at) => `name ${at}`);
  for (const name of names) filter.add("global", name);
  expect(names.filter((name) => !other.mayHave("global", name))).toEqual([]);
  // One name in two scopes is two names.
  const wrong = names.filter((name) => other.mayHave("workspace:default", name) || other.mayHave("global", `${name}.`));
  expect(wrong.length).toBeLessThan(5_000 * 0.05);
});
