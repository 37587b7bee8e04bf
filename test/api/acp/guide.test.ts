import { expect, test } from "vitest";
import { runGuide } from "../../helpers/guide.ts";

test("the commands of the guide work", async () => {
  const { code, output } = await runGuide("acp.md");
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(JSON.parse(output)).toMatchObject({ id: 1, result: { protocolVersion: 1 } });
});
