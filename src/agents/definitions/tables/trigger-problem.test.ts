import { expect, test } from "vitest";
import { readDefinition } from "../reading.ts";

const HEAD = `name = "clerk"
version = "1.0.0"
capabilities = ["writing"]
system_prompt = "Repeat the request."
`;
const MORNING = `
[[trigger]]
name = "morning"
kind = "cron"
cron = "0 7 * * *"
input = "Report of {{planned_at}}"
`;

test.each([
  [MORNING.replace("0 7 * * *", "0 7 31 2 *"), /trigger\[?\.?0\]?\.cron/, 9],
  [MORNING.replace("planned_at", "day"), /input/, 10],
  [MORNING.replace('"cron"\ncron', '"cronn"\ncron'), /kind/, 8],
  [`${MORNING}every = "1h"\n`, /every/, 11],
  [MORNING + MORNING, /name/, 13],
])("what is wrong in %j is reported with its place", (more, path, line) => {
  const reading = readDefinition(HEAD + more, "clerk.toml");
  expect(reading).toMatchObject({ type: "invalid", problems: [{ path: expect.stringMatching(path), line }] });
});

test("Markdown declares triggers in its front matter", () => {
  const source = `---
name: clerk
version: "1.0.0"
capabilities: [writing]
trigger:
  - name: poll
    kind: every
    every: 1h
    input: Poll
---
Repeat the request.
`;
  const reading = readDefinition(source, "clerk.md");
  expect(reading).toMatchObject({ type: "valid", definition: { triggers: [{ name: "poll", catch_up: "latest" }] } });
});
