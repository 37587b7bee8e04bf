import { expect, test } from "vitest";
import { runGuide } from "../helpers/guide.ts";

test("the commands of the guide work, in their order", async () => {
  const { code, output } = await runGuide("threads.md");
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toContain("Describe examples/data/penguins.csv");
  expect(output).toContain("mean body_mass_g");
  expect(output).toContain("is deleted");
});
