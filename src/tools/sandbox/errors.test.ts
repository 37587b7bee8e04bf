import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ToolServerRefusedError } from "./errors.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

test("a refused module's error has the reason, and docs/errors.md lists each reason", () => {
  const answer = { type: "refused", code: "MODULE_ABI_UNKNOWN", message: "of no known kind", hint: "" } as const;
  expect(new ToolServerRefusedError("probe", answer).details).toEqual({
    server: "probe",
    reason: "MODULE_ABI_UNKNOWN",
  });
  const sources = ["./guest/build.ts", "./meter/errors.ts", "./components/errors.ts"].map(read).join("\n");
  const reasons = new Set(sources.match(/"(?:MODULE|COMPONENT|TOOL_SERVER)_[A-Z_]+"/g));
  expect(reasons.size).toBeGreaterThanOrEqual(5);
  const page = read("../../../docs/errors.md");
  for (const reason of reasons) expect(page).toContain(`| \`${reason.slice(1, -1)}\` |`);
});
