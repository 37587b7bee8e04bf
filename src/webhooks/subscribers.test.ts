import { expect, test } from "vitest";
import { WebhookSpec } from "../kernel/webhooks/webhook-spec.ts";
import { filterOf } from "./subscribers.ts";

const EVENT = { type: "run.completed", workspace: "red", atMs: 0, agent: "clerk", data: {}, entry: undefined } as const;
const wants = (where: string): boolean =>
  filterOf(WebhookSpec.parse({ url: "https://a.example", events: ["*"], where }))(EVENT);

test("a filter that costs more than 2,000 steps is false", () => {
  const list = `[${Array.from({ length: 20 }, (_, index) => index).join()}]`;
  expect(wants(`${list}.all(a, a < 20)`)).toBe(true);
  expect(wants(`${list}.all(a, ${list}.all(b, ${list}.all(c, true)))`)).toBe(false);
});
