import { expect, test } from "vitest";
import { runGuide } from "../helpers/guide.ts";

test("the commands of the guide work, in their order", async () => {
  const { code, output } = await runGuide("delegation.md");
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toContain("data-analyzer answers:");
  expect(output).toMatch(/\n\S+ +clerk +completed/);
  expect(output).toMatch(/\n\S+ +› data-analyzer +completed/);
  expect(output).toContain("⇢ handed off to data-analyzer: the request says so");
  expect(output).toContain("examples/data/penguins.csv has 344 rows");
});
