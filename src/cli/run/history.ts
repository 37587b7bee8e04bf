import type { Command } from "commander";
import { writeFile } from "node:fs/promises";
import * as z from "zod";
import { operations, type RunDetail } from "../../api/contract/index.ts";
import type { Answer } from "../client/index.ts";
import {
  act,
  confirm,
  type Context,
  download,
  examples,
  type Invocation,
  ONE_FORMATS,
  resolveRun,
  showDocument,
  showOne,
  UsageError,
} from "../frame/index.ts";
import { showBytes } from "../terminal/index.ts";
import { renderDiff } from "./diff.ts";
import { followRun } from "./follow.ts";
import { replay } from "./replay.ts";

const RUN_ARGUMENT = "its id, the end of its id, or last";

/** Commands that make something of runs that were. */
export function historyCommands(command: Command, invocation: Invocation): void {
  fork(command.command("fork"), invocation);
  retry(command.command("retry"), invocation);
  diff(command.command("diff"), invocation);
  replay(command.command("replay"), invocation);
  exportOne(command.command("export"), invocation);
  file(command.command("file"), invocation);
  remove(command.command("delete"), invocation);
  prune(command.command("prune"), invocation);
}

const Following = { detach: z.boolean().default(false), stream: z.boolean() };
const FOLLOWED_FORMATS = ["text", "json", "jsonl"] as const;

const following = (command: Command): Command =>
  command
    .option("--no-stream", "print the answer when it is complete")
    .option("-d, --detach", "start the run and print its id without waiting");

/** Follows a run that was made from another, unless detached. */
async function begin(
  context: Context,
  { raw, value }: Answer<RunDetail>,
  { detach, stream }: { readonly detach: boolean; readonly stream: boolean },
): Promise<number> {
  if (!detach) {
    context.terminal.note(`run ${value.id}`);
    return followRun(context, value.id, { stream, onInterrupt: "cancel" });
  }
  await showOne(context, { raw, name: value.id, human: () => `${value.id}\n` });
  return 0;
}

function fork(command: Command, invocation: Invocation): void {
  following(
    command
      .summary("fork a run at a step")
      .description(
        "Start a new run that copies the steps of another run before the given one and runs this step again: a model turn or a tool call. Earlier steps are not repeated. The original run is unchanged.",
      )
      .argument("<run>", RUN_ARGUMENT)
      .requiredOption("--at <step>", "number of the step to run again; list steps with: caxton run get")
      .option("--input <text>", "another request; prompts are rendered again")
      .option("-m, --model <provider/model>", "model to use from this step on")
      .option("--revision <number>", "revision of the agent; prompts are rendered again"),
  );
  examples(command, [
    ["caxton run fork last --at 3", "from step 3 on once more"],
    ["caxton run fork last --at 3 --model openai/gpt-5", "… with another model"],
    ["caxton run fork last --at 1 --input 'and by month?'", "another request from the start"],
    ["caxton run diff last 4f2a9c01", "what became different"],
  ]);
  act(command, invocation, {
    input: z.object({
      run: z.string(),
      at: z.coerce.number().int().min(1),
      input: z.string().optional(),
      model: z.string().optional(),
      revision: z.coerce.number().int().min(1).optional(),
      ...Following,
    }),
    formats: FOLLOWED_FORMATS,
    run: async (context, { run, detach, stream, ...change }) => {
      const id = await resolveRun(context.client, run);
      return begin(context, await context.client.call(operations.run.fork, { id, ...change }), { detach, stream });
    },
  });
}

function retry(command: Command, invocation: Invocation): void {
  following(
    command
      .summary("retry a run")
      .description("Start a new run of the same request, with the same files, on the same revision.")
      .argument("<run>", RUN_ARGUMENT)
      .option("--latest", "use the newest revision"),
  );
  examples(command, [
    ["caxton run retry last", ""],
    ["caxton run retry last --latest", "after fixing the definition"],
    ["caxton run list --state failed -o name | xargs -n1 caxton run retry --detach", "all that failed"],
  ]);
  act(command, invocation, {
    input: z.object({ run: z.string(), latest: z.boolean().default(false), ...Following }),
    formats: FOLLOWED_FORMATS,
    run: async (context, { run, latest, ...how }) => {
      const id = await resolveRun(context.client, run);
      return begin(context, await context.client.call(operations.run.retry, { id, latest }), how);
    },
  });
}

function diff(command: Command, invocation: Invocation): void {
  command
    .summary("compare two runs")
    .description(
      "Compare two runs: requests, prompts, model turns, tool calls and results, answers, tokens. Ids and times are ignored. Exits with 1 if the runs differ.",
    )
    .argument("<a>", RUN_ARGUMENT)
    .argument("<b>", "run to compare with");
  examples(command, [
    ["caxton run diff 4f2a9c01 last", ""],
    ["caxton run diff 4f2a9c01 last -v", "with the steps that are alike, and texts in full"],
    ["caxton run diff 4f2a9c01 last -o json", "as one document"],
  ]);
  act(command, invocation, {
    input: z.object({ a: z.string(), b: z.string() }),
    formats: ["text", "json"],
    run: async (context, input) => {
      const [id, other] = [await resolveRun(context.client, input.a), await resolveRun(context.client, input.b)];
      const { raw, value } = await context.client.call(operations.run.compare, { id, other });
      if (context.format === "json") await showDocument(context, raw);
      else context.terminal.write(renderDiff(value, { look: context.terminal, verbose: context.verbose }));
      return value.same ? 0 : 1;
    },
  });
}

function exportOne(command: Command, invocation: Invocation): void {
  command
    .summary("export a run as JSON")
    .description(
      "Export a run with its journal as one JSON document, for archiving, sharing, or caxton run replay --file.",
    )
    .argument("<run>", RUN_ARGUMENT)
    .option("--output-file <file>", "target file; default: standard output")
    .option("--artifacts", "include its artifacts, in base64");
  examples(command, [
    ["caxton run export last --output-file run.json", ""],
    ["caxton run export last --artifacts | gzip > run.json.gz", "with everything it made"],
  ]);
  act(command, invocation, {
    input: z.object({ run: z.string(), outputFile: z.string().optional(), artifacts: z.boolean().default(false) }),
    formats: ["json"],
    run: async (context, { run, outputFile, artifacts }) => {
      const id = await resolveRun(context.client, run);
      const { raw } = await context.client.call(operations.run.export, {
        id,
        artifacts: artifacts ? "true" : undefined,
      });
      if (outputFile === undefined) return showDocument(context, raw);
      await writeFile(outputFile, `${JSON.stringify(raw, null, 2)}\n`);
      context.terminal.note(`written to ${outputFile}`);
    },
  });
}

function file(command: Command, invocation: Invocation): void {
  command
    .summary("download a file that was sent with a run")
    .description("Write a file that was sent with a run to a file, or to standard output.")
    .argument("<run>", RUN_ARGUMENT)
    .argument("<name>", "name of the file, as caxton run get shows it")
    .option("--output-file <file>", "target file; default: standard output");
  examples(command, [["caxton run file last report.pdf --output-file report.pdf", ""]]);
  act(command, invocation, {
    input: z.object({ run: z.string(), name: z.string(), outputFile: z.string().optional() }),
    formats: ["text"],
    run: async (context, { run, name, outputFile: target }) => {
      if (target === undefined && context.terminal.outputIsScreen)
        throw new UsageError("a file is not written to the screen", "caxton run file", "add --output-file <file>");
      const id = await resolveRun(context.client, run);
      const { bytes } = await download(context, { operation: operations.run.file, params: { id, name }, file: target });
      if (target !== undefined) context.terminal.note(`${showBytes(bytes)} written to ${target}`);
    },
  });
}

function remove(command: Command, invocation: Invocation): void {
  command
    .summary("delete finished runs")
    .description("Delete finished runs with their steps, texts and files. This cannot be undone.")
    .argument("<run...>", RUN_ARGUMENT);
  examples(command, [
    ["caxton run delete last", ""],
    ["caxton run list --state cancelled -o name | xargs caxton run delete --yes", "all that were cancelled"],
  ]);
  act(command, invocation, {
    input: z.object({ run: z.array(z.string()) }),
    formats: ["text", "name"],
    run: async (context, input) => {
      const ids: string[] = [];
      for (const reference of input.run) ids.push(await resolveRun(context.client, reference));
      const what = ids.length === 1 ? `run ${ids[0]}` : `${ids.length} runs`;
      if (!(await confirm(context, `Delete ${what} with all steps and files?`, "caxton run delete"))) return;
      for (const id of ids) {
        await context.client.call(operations.run.delete, { id });
        context.terminal.write(context.format === "name" ? `${id}\n` : `${id}  deleted\n`);
      }
    },
  });
}

function prune(command: Command, invocation: Invocation): void {
  command
    .summary("delete old runs")
    .description(
      "Delete all runs that ended longer ago than this age. The server does this automatically by retention.runs of its configuration.",
    )
    .requiredOption("--older-than <age>", "minimum age, for example 30d, 12h or 90m")
    .option("--dry-run", "only print how many would be deleted");
  examples(command, [
    ["caxton run prune --older-than 30d --dry-run", "how many that would be"],
    ["caxton run prune --older-than 30d", ""],
  ]);
  act(command, invocation, {
    input: z.object({ olderThan: z.string(), dryRun: z.boolean().default(false) }),
    formats: ONE_FORMATS,
    run: async (context, { olderThan, dryRun }) => {
      const ask = async (dry: boolean) =>
        context.client.call(operations.run.prune, { older_than: olderThan, dry_run: dry });
      const found = await ask(true);
      const count = found.value.runs;
      if (!dryRun && count > 0) {
        const question = `Delete ${count} runs that ended more than ${olderThan} ago, with all steps and files?`;
        if (!(await confirm(context, question, "caxton run prune"))) return;
      }
      const done = dryRun || count === 0 ? found : await ask(false);
      await showOne(context, {
        raw: done.raw,
        name: String(done.value.runs),
        human: () => `${done.value.runs} runs ${dryRun ? "would be deleted" : "deleted"}\n`,
      });
    },
  });
}
