import { expect, test } from "vitest";
import { runGuide } from "../helpers/guide.ts";

test("the commands of the guide work, in their order", async () => {
  const { code, output } = await runGuide("triggers.md");
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toMatch(/data-analyzer\/morning +enabled +0 7 \* \* 1-5 Europe\/Berlin +\d{4}-/);
  expect(output).toMatch(/data-analyzer\/poll started run [0-9a-f-]{36}/);
  expect(output).toContain("data-analyzer/morning is disabled");
  expect(output).toContain("accepted for caxton.trigger.");
});
