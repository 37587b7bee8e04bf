import type { Command } from "commander";
import * as z from "zod";
import { modelChoice, operations, runs, type RunSummary, SideEffects } from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import {
  act,
  type CommandMaker,
  type Context,
  commandPath,
  EACH_FORMATS,
  examples,
  Filter,
  filterOf,
  filterOptions,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  listOption,
  ONE_FORMATS,
  operandPlace,
  pagesOf,
  resolveRun,
  shortRunId,
  showDocument,
  showEach,
  showOne,
  showPages,
} from "../frame/index.ts";
import { renderRun, STATE_TONES } from "./detail.ts";
import { artifactPlaces, cancelRun, followRun } from "./follow.ts";
import { runAnswer } from "./asked/answer.ts";
import { historyCommands } from "./history.ts";
import { runChoose } from "./asked/choose.ts";
import { sideEffectsOption, startRun } from "./start.ts";
import { runTree } from "./tree.ts";
import { type Column, ageColumn, showCost, showCount, showTokens, showSpan } from "../terminal/index.ts";

/**
 * `caxton run`: a verb with an agent's name, and a noun with list, get, watch, cancel, decide, answer, choose
 * and what can be made of runs that were. `runs` is only the
 * noun; after `--` it is only the verb, so that an agent may be called like one of those words.
 */
export const run: CommandMaker = (command, invocation) => {
  const asVerb = command.createCommand();
  verb(asVerb, invocation);
  const { calledAs, rest } = invocation;
  const first = rest[operandPlace([asVerb, ...(command.parent ? [command.parent] : [])], rest)];
  if (calledAs === "runs" || first !== "--") nouns(command, invocation);
  // Nouns have options by names that the verb has too, such as --file and --model: the verb's would take their values.
  const isNoun = calledAs === "runs" || command.commands.some((noun) => noun.name() === first);
  if (isNoun) command.description("Show, follow and stop runs.");
  else verb(command, invocation);
};

const StartInput = z.object({
  agent: z.string(),
  prompt: z.array(z.string()),
  var: z.array(z.string()).default([]),
  file: z.array(z.string()).default([]),
  model: z.string().optional(),
  onModelFailure: modelChoice.OnModelFailure.optional(),
  outputSchema: z.string().optional(),
  sideEffects: SideEffects.optional(),
  tag: z.array(z.string()).default([]),
  stream: z.boolean(),
  detach: z.boolean().default(false),
  idempotencyKey: z.string().optional(),
});

function verb(command: Command, invocation: Invocation): void {
  command
    .usage("[options] <agent> <prompt...>   or   run list|get|tree|watch|cancel|decide|choose|fork|retry|diff ...")
    .description(
      "Ask an agent and stream its answer to standard output; all other output goes to standard error. Ctrl-C cancels the run on the server; a second Ctrl-C exits at once. After --, the first word is an agent's name, even if it is the name of a command (list, get, ...).",
    )
    .argument("<agent>", "name of a deployed agent; list them with: caxton agent list")
    .argument("<prompt...>", "request text; - reads standard input")
    .addOption(listOption("-f, --file <path>", "file that the agent's tools may read in this run; may be repeated"))
    .addOption(listOption("--var <name=value>", "variable of the agent's prompt template; may be repeated"))
    .option("-m, --model <provider/model>", "override the model")
    .addOption(
      command
        .createOption(
          "--on-model-failure <what>",
          "action on a model failure; default: as the definition says, else ask here",
        )
        .choices(modelChoice.OnModelFailure.options),
    )
    .addOption(listOption("--tag <tag>", "tag of the run; may be repeated"))
    .addOption(sideEffectsOption())
    .option("--output-schema <file>", "JSON Schema of the answer, which is then printed as JSON")
    .option("--no-stream", "print the answer when it is complete")
    .option("-d, --detach", "start the run and print its id without waiting")
    .option("--idempotency-key <key>", "idempotency key; a repeated request returns the first run");
  examples(command, [
    ['caxton run data-analyzer "mean price per region" --file sales.csv', ""],
    ['caxton run writer "a welcome mail" --var requirements="at most 100 words"', "fill {{requirements}}"],
    ["git diff | caxton run reviewer -", "the request from standard input"],
    ['caxton run greeter "say hello" -o json', "everything about the run, as one document"],
    ['caxton run greeter "say hello" -o jsonl', "each event as it happens, one a line"],
    ['caxton run scorer "rate it" --output-schema score.json', "an answer that fits a schema"],
    ['caxton run greeter "say hello" --idempotency-key job-17', "from a script that tries again"],
    [`caxton trigger create greeter later --in 2h --input "say hello"`, "at a later time"],
    ["caxton run list", "what ran"],
    ["caxton run get last", "every step of the newest run"],
    ['caxton run -- list "..."', 'an agent that is called "list"'],
  ]);
  act(command, invocation, {
    input: StartInput,
    formats: ["text", "json", "jsonl"],
    run: (context, input) => startRun(context, input),
  });
}

function nouns(command: Command, invocation: Invocation): void {
  list(command.command("list"), invocation);
  get(command.command("get"), invocation);
  update(command.command("update"), invocation);
  runTree(command.command("tree"), invocation);
  watch(command.command("watch"), invocation);
  cancel(command.command("cancel"), invocation);
  decide(command.command("decide"), invocation);
  runAnswer(command.command("answer"), invocation);
  historyCommands(command, invocation);
  runChoose(command.command("choose"), invocation);
}

const RUN_ARGUMENT = "its id, the end of its id, or last";

const columns = (nowMs: number): readonly Column<RunSummary>[] => [
  { title: "ID", value: ({ id }) => id, short: ({ id }) => shortRunId(id) },
  { title: "AGENT", value: ({ agent }) => agent, shrinks: true },
  { title: "REV", value: ({ revision }) => String(revision), align: "right", wide: true },
  {
    title: "STATE",
    value: ({ state, notices }) => (notices.length === 0 ? state : `${state} !`),
    tone: ({ state }) => STATE_TONES[state],
  },
  ageColumn("CREATED", (each) => each.created_at, nowMs),
  { title: "TIME", value: (each) => (each.duration_ms === null ? "" : showSpan(each.duration_ms)), align: "right" },
  { title: "TOOLS", value: (each) => showCount(each.tool_calls), align: "right" },
  { title: "TOKENS", value: (each) => showTokens(each.input_tokens + each.output_tokens, each), align: "right" },
  { title: "COST", value: ({ cost }) => showCost(cost), align: "right", wide: true },
  { title: "MODEL", value: ({ model }) => model ?? "", wide: true },
  { title: "NOTICES", value: ({ notices }) => notices.join(" "), wide: true },
  { title: "TAGS", value: ({ tags }) => tags.join(", "), wide: true },
  { title: "FAILURE", value: ({ failure }) => failure?.code ?? "", wide: true },
  { title: "REQUEST", value: (each) => each.input_preview, shrinks: true },
];

function list(command: Command, invocation: Invocation): void {
  command
    .summary("list runs")
    .description("List runs, newest first.")
    .option("--agent <name>", "only runs of this agent")
    .addOption(command.createOption("--state <state>", "only runs in this state").choices(runs.RunState.options))
    .addOption(limitOption(20));
  filterOptions(command, "runs");
  examples(command, [
    ["caxton run list", ""],
    ["caxton run list --state failed --limit 5", "recent failures"],
    ["caxton run list --tag nightly --since 7d", ""],
    ["caxton run list -o wide", "with revision, model and failure"],
    ["caxton run list --agent greeter -o name", "ids only, for scripts"],
  ]);
  act(command, invocation, {
    input: Filter.extend({ agent: z.string().optional(), state: runs.RunState.optional(), limit: z.number() }),
    formats: LIST_FORMATS,
    run: async (context, { limit, ...filter }) =>
      showPages(context, pagesOf(operations.run.list, await filterOf(filter, commandPath(command))), {
        limit,
        columns: columns(systemClock.nowMs()),
        name: ({ id }) => id,
        empty: 'no runs; start one with: caxton run <agent> "..."',
        more: "older runs",
      }),
  });
}

function get(command: Command, invocation: Invocation): void {
  command
    .summary("show a run")
    .description("Show a run: its request, each step, its artifacts and its answer.")
    .argument("<run>", RUN_ARGUMENT);
  examples(command, [
    ["caxton run get last", ""],
    ["caxton run get last -v", "with prompts, arguments and results in full"],
    ["caxton run get 4f2a9c01", "by the end of its id, as lists show it"],
    ["caxton run get last -o json", "as one document"],
  ]);
  act(command, invocation, {
    input: z.object({ run: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, input) => {
      const id = await resolveRun(context.client, input.run);
      const { raw, value } = await context.client.call(operations.run.get, { id });
      const artifacts = context.format === "table" ? await artifactPlaces(context, value) : [];
      await showOne(context, {
        raw,
        name: value.id,
        human: () => renderRun(value, { look: context.terminal, verbose: context.verbose, artifacts }),
      });
    },
  });
}

function update(command: Command, invocation: Invocation): void {
  command
    .summary("change the tags of a run")
    .description("Replace the tags of a run. Without --tag, it has none afterwards.")
    .argument("<run>", RUN_ARGUMENT)
    .addOption(listOption("--tag <tag>", "tag instead of the present ones; may be repeated"));
  examples(command, [["caxton run update last --tag reviewed --tag q3", ""]]);
  act(command, invocation, {
    input: z.object({ run: z.string(), tag: z.array(z.string()).default([]) }),
    formats: ONE_FORMATS,
    run: async (context, { run: reference, tag: tags }) => {
      const id = await resolveRun(context.client, reference);
      await showOne(context, runResult(context, await context.client.call(operations.run.update, { id, tags })));
    },
  });
}

function watch(command: Command, invocation: Invocation): void {
  command
    .summary("follow a run to its end")
    .description("Follow a run from its first step to its end. Ctrl-C exits; the run continues.")
    .argument("<run>", RUN_ARGUMENT);
  examples(command, [
    ["caxton run watch last", ""],
    ["caxton run watch last -o jsonl", "each event, one a line"],
    ["caxton run watch last --timeout 1m", "exit 8 when it takes longer"],
  ]);
  act(command, invocation, {
    input: z.object({ run: z.string() }),
    formats: ["text", "json", "jsonl"],
    run: async (context, input) =>
      followRun(context, await resolveRun(context.client, input.run), { stream: true, onInterrupt: "leave" }),
  });
}

function cancel(command: Command, invocation: Invocation): void {
  command
    .summary("stop runs")
    .description("Stop runs. Completed steps are not undone; the journal is kept.")
    .argument("<run...>", RUN_ARGUMENT);
  examples(command, [
    ["caxton run cancel last", ""],
    ["caxton run list --state running -o name | xargs caxton run cancel", "all that run now"],
  ]);
  act(command, invocation, {
    input: z.object({ run: z.array(z.string()) }),
    formats: EACH_FORMATS,
    run: (context, input) =>
      showEach(
        context,
        (async function* () {
          for (const reference of input.run)
            yield runResult(context, await cancelRun(context, await resolveRun(context.client, reference)));
        })(),
        input.run.length === 1,
      ),
  });
}

function decide(command: Command, invocation: Invocation): void {
  command
    .summary("resolve a tool call with an unknown result")
    .description(
      "Resolve a tool call that was interrupted when the server stopped, so that its effect is unknown; the run is in state needs-decision. retry repeats the call, skip continues without a result, fail ends the run. If several calls are pending, the decision applies to all, or to the one of --call.",
    )
    .argument("<run>", RUN_ARGUMENT)
    .addArgument(command.createArgument("<decision>", "what to do").choices(["retry", "skip", "fail"]))
    .option("--call <id>", "id of one call; default: every pending call of the run");
  examples(command, [
    ["caxton run list --state needs-decision", "runs that wait for you"],
    ["caxton run decide last retry", "makes every call again that waits"],
    ["caxton run decide last skip --call 01a2…", "one of several calls; caxton run get last shows them"],
  ]);
  act(command, invocation, {
    input: z.object({ run: z.string(), decision: runs.DecideBody.shape.decision, call: z.string().optional() }),
    formats: ONE_FORMATS,
    run: async (context, input) => {
      const { client } = context;
      const id = await resolveRun(client, input.run);
      const decided = await client.call(operations.run.decide, { id, call_id: input.call, decision: input.decision });
      await showOne(context, runResult(context, decided));
    },
  });
}

const runResult = (
  context: Context,
  { raw, value }: { raw: Parameters<typeof showDocument>[1]; value: RunSummary },
) => ({
  raw,
  name: value.id,
  human: () => `${value.id}  ${context.terminal.style(STATE_TONES[value.state], value.state)}\n`,
});
