import { expect, test } from "vitest";
import { runGuide } from "../../helpers/guide.ts";

test("the commands of the guide work, in their order", async () => {
  const { code, output } = await runGuide("openai.md");
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toContain('"id":"greeter","object":"model"');
  expect(output).toContain('"object":"chat.completion",');
  expect(output).toContain('"finish_reason":"stop"');
  expect(output).toContain("data: [DONE]");
  expect(output).toContain("event: response.completed");
  expect(output).toContain('"object":"embedding","index":1');
});
