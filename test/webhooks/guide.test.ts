import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { WEBHOOK_EVENTS } from "../../src/kernel/webhooks/webhook-spec.ts";
import { runGuide } from "../helpers/guide.ts";
import { repository } from "../helpers/server.ts";
import { freePort } from "../helpers/free-port.ts";

test("the commands of the guide work, in their order, with its receiver", async () => {
  const port = String(await freePort());
  const { code, output } = await runGuide("webhooks.md", {
    settings: { "webhooks.private_origins": [`http://127.0.0.1:${port}`] },
    edit: (text) => text.replaceAll("9123", port),
  });
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toContain("delivered: 204");
  expect(output).toMatch(/signed 1 webhook\.test/);
  for (const type of ["run.queued", "run.started", "run.completed"])
    expect(output).toMatch(new RegExp(`signed \\d ${type} [0-9a-f-]{36}`));
  expect(output).not.toContain("NOT SIGNED");
  expect(output).toMatch(/run\.completed +\S+ +delivered +1/);
});

test("the guide describes every event", () => {
  const guide = readFileSync(join(repository, "docs/guides/webhooks.md"), "utf8");
  expect(Object.keys(WEBHOOK_EVENTS).filter((type) => !guide.includes(`\`${type}\``))).toEqual([]);
});
