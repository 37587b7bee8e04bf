import type { Command } from "commander";
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { operations, type ReplayReport, runHistory } from "../../api/contract/index.ts";
import { type Json, parseJson } from "../../kernel/json.ts";
import { unreadable } from "../client/index.ts";
import { act, type Context, examples, type Invocation, resolveRun, showDocument, UsageError } from "../frame/index.ts";
import { safeText, type Terminal, truncate } from "../terminal/index.ts";

/** `caxton run replay`: what this server would make of a run that was. */
export function replay(command: Command, invocation: Invocation): void {
  command
    .summary("replay a run from its recording")
    .description(
      "Replay a run on the current server, with its definitions, tools and rules. Models and tools are not called; their recorded results are used. Each divergence is reported with its step and reason. Exits with 1 if the replay diverges. Default revision: that of the run.",
    )
    .argument("[run]", "id, end of the id, or last")
    .option("--file <file>", "exported run of any server, instead of a run")
    .option("--revision <number|latest>", "revision of the agent, for example the newest");
  examples(command, [
    ["caxton run replay last", ""],
    ["caxton run list -o name | xargs -n1 caxton run replay", "all runs, after an upgrade"],
    ["caxton run replay --file run.json", "what caxton run export wrote"],
    ["caxton run replay last --revision latest", "after a change of the definition"],
    ["caxton run replay last -o json", "as one document"],
  ]);
  act(command, invocation, {
    input: z.object({ run: z.string().optional(), file: z.string().optional(), ...runHistory.ReplayQuery.shape }),
    formats: ["text", "json"],
    run: async (context, input) => {
      const { raw, value } = await askReport(context, input);
      if (context.format === "json") await showDocument(context, raw);
      else context.terminal.write(renderReport(value, context.terminal));
      return value.same ? 0 : 1;
    },
  });
}

type Input = z.infer<typeof runHistory.ReplayQuery> & { run?: string | undefined; file?: string | undefined };

async function askReport({ client }: Context, { run, file, revision }: Input) {
  if ((run === undefined) === (file === undefined))
    throw new UsageError("name a run, or an export with --file", "caxton run replay");
  if (run !== undefined) return client.call(operations.run.replay, { id: await resolveRun(client, run), revision });
  const path = file ?? "";
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const parsed = parseJson(text);
  const body = runHistory.RunExport.safeParse(parsed.type === "parsed" ? parsed.value : undefined);
  if (!body.success) throw new UsageError(`${file} is no export of a run`, "caxton run replay");
  return client.call(operations.run.replayExport, { ...body.data, revision });
}

const TEXT_CHARS_MAX = 300;

function renderReport(report: ReplayReport, { style }: Pick<Terminal, "style">): string {
  const lines = report.divergences.flatMap(({ turn, event, tool, field, recorded, replayed, reason }) => [
    `${style("yellow", "~")} ${[turn === null ? "" : `turn ${turn}`, event, tool ?? "", field].filter(Boolean).join("  ")}: ${reason}`,
    `    ${style("red", `- ${shown(recorded)}`)}`,
    `    ${style("green", `+ ${shown(replayed)}`)}`,
  ]);
  const stopped = report.stopped === null ? [] : [style("dim", `played until here: ${report.stopped}`)];
  const count = report.divergences.length;
  const verdict = report.same
    ? style("green", `the same: ${report.compared} events came out as they were recorded`)
    : `${count} ${count === 1 ? "thing" : "things"} came out otherwise, of ${report.compared} events`;
  return `${[...lines, ...stopped, verdict].join("\n")}\n`;
}

const shown = (value: Json): string =>
  value === null
    ? "(none)"
    : truncate(
        safeText(typeof value === "string" ? value : JSON.stringify(value)).replaceAll("\n", "⏎"),
        TEXT_CHARS_MAX,
      );
