import { expect, test } from "vitest";
import { runGuide } from "../helpers/guide.ts";

test("the commands of the guide work, in their order", async () => {
  const { code, output } = await runGuide("grpc.md");
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toContain("rpc DeployAgent");
  expect(output).toContain('"name":"greeter"');
  expect(output).toContain('"state":"completed"');
});
