import { expect, test } from "vitest";
import { runGuide } from "../../helpers/guide.ts";

test("the commands of the guide work", async () => {
  const { code, output } = await runGuide("ag-ui.md");
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toMatch(/"type":"RUN_STARTED"[\s\S]*"type":"TEXT_MESSAGE_CONTENT"[\s\S]*"type":"RUN_FINISHED"/);
});
