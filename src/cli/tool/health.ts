import type { Command } from "commander";
import * as z from "zod";
import { operations, type ToolServerHealth } from "../../api/contract/index.ts";
import { act, examples, type Invocation, ONE_FORMATS, showOne } from "../frame/index.ts";
import { HEALTH_TONES } from "./detail.ts";
import { type Look, oneLine, renderFields, showCount, showSpan } from "../terminal/index.ts";

const EXIT_UNHEALTHY = 1;
const CHECK_MS_MAX = 90_000;

/** `caxton tool health` */
export function toolHealth(command: Command, invocation: Invocation): void {
  command
    .summary("check a tool server")
    .description(
      "Check a tool server: read its module from disk, start it in isolation, and compare its tools with the deployed ones. Recent calls count too. Exits with 1 if it is unhealthy.",
    )
    .argument("<server>", "name of the tool server");
  examples(command, [["caxton tool health csv_parser", ""]]);
  act(command, invocation, {
    input: z.object({ server: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { server }) => {
      context.terminal.status(`${server}: asking for its tools`);
      const { raw, value } = await context.client.call(
        operations.toolServer.check,
        { name: server },
        { timeoutMs: context.timeoutMs ?? CHECK_MS_MAX },
      );
      context.terminal.status(undefined);
      await showOne(context, { raw, name: value.health, human: () => render(value, context.terminal) });
      return value.health === "unhealthy" ? EXIT_UNHEALTHY : 0;
    },
  });
}

function render(health: ToolServerHealth, look: Look): string {
  const { check, average_ms: average } = health;
  const fields: [string, string][] = [
    ["Health", `${look.style(HEALTH_TONES[health.health], health.health)}: ${oneLine(health.note)}`],
    ["Up", showSpan(health.uptime_ms)],
    [
      "Calls",
      `${showCount(health.calls)}, ${showCount(health.failures)} failed${average === null ? "" : `, ${showSpan(average)} on average`}`,
    ],
  ];
  if (check !== null) {
    const word = check.ok ? look.style("green", "passed") : look.style("red", "failed");
    fields.push(["Check", `${word} in ${showSpan(check.duration_ms)}: ${oneLine(check.note)}`]);
  }
  return renderFields(fields, look);
}
