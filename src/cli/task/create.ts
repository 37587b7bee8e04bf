import type { Command } from "commander";
import * as z from "zod";
import { type CreateTaskBody, operations } from "../../api/contract/index.ts";
import { type Json, parseJson } from "../../kernel/json.ts";
import { act, examples, type Invocation, listOption, ONE_FORMATS, showOne, UsageError } from "../frame/index.ts";
import { taskText } from "./lines.ts";
import { watchTask } from "./watch.ts";
import { workspaceOption } from "./workspace.ts";

const PATH = "caxton task create";

/** The options that say how proposals are compared. */
export function comparing(command: Command): Command {
  return command
    .addOption(
      command.createOption("--strategy <name>", "best_bid unless another is given").choices(["best_bid", "first_bid"]),
    )
    .option("--minimize <expression>", "the proposal with the least value wins, as in bid.cost")
    .option("--maximize <expression>", "the greatest, as in history.success_rate / bid.cost")
    .option("--judge <agent>", "an agent that is shown the proposals and names the winner")
    .option("--bids-within <seconds>", "how long proposals are waited for");
}

export const Comparing = {
  strategy: z.enum(["best_bid", "first_bid"]).optional(),
  minimize: z.string().optional(),
  maximize: z.string().optional(),
  judge: z.string().optional(),
  bidsWithin: z.coerce.number().positive().optional(),
};

const Input = z.object({
  name: z.string(),
  description: z.string(),
  data: z.string().optional(),
  capability: z.array(z.string()).default([]),
  to: z.array(z.string()).default([]),
  minScore: z.coerce.number().min(0).max(1).optional(),
  doneWithin: z.coerce.number().positive().optional(),
  rounds: z.coerce.number().int().min(1).max(10).optional(),
  reawards: z.coerce.number().int().min(0).max(10).optional(),
  direct: z.boolean().default(false),
  distribute: z.boolean().default(false),
  watch: z.boolean().default(false),
  workspace: z.string(),
  idempotencyKey: z.string().optional(),
  ...Comparing,
});

export function create(command: Command, invocation: Invocation): void {
  command
    .summary("offer work to several")
    .description(
      "Create a task. Whoever provides the capabilities is asked for proposals, the best gets it, and the next best when that one fails. Nobody is asked before it is distributed.",
    )
    .argument("<name>", "what it is called")
    .option("--description <text>", "what is to be done; bidders read it", "")
    .option("--data <json>", "what it is about")
    .addOption(listOption("--capability <name>", "what whoever does it must provide; may be repeated"))
    .addOption(listOption("--to <agent>", "ask this one; may be repeated"))
    .option("--min-score <share>", "least measured share of tasks done, 0 to 1")
    .option("--done-within <seconds>", "how long whoever gets it has")
    .option("--rounds <n>", "rounds of proposals")
    .option("--reawards <n>", "to how many more it may go when the first fails")
    .option("--direct", "without proposals: ask one after the other")
    .option("--distribute", "ask for proposals at once")
    .option("--watch", "distribute it and follow it to its end")
    .addOption(workspaceOption(command))
    .option("--idempotency-key <key>", "a word of yours: with it the task is made once, however often you try");
  comparing(command);
  examples(command, [
    ['caxton task create "count species" --capability data-analysis --watch', "the best bid gets it"],
    ['caxton task create "translate" --capability translation --minimize bid.cost --distribute', "the cheapest"],
    ['caxton task create "review" --to alice --to bob --judge editor --watch', "an agent chooses"],
  ]);
  act(command, invocation, {
    input: Input,
    formats: ONE_FORMATS,
    run: async (context, input) => {
      const body = bodyOf(input);
      const created = await context.client.call(operations.task.create, body, {
        idempotencyKey: input.idempotencyKey,
      });
      if (input.watch) return watchTask(context, created);
      const { style, columns } = context.terminal;
      await showOne(context, {
        raw: created.raw,
        name: created.value.id,
        human: () => taskText(created.value, style, columns ?? 80),
      });
    },
  });
}

const bodyOf = (input: z.infer<typeof Input>): CreateTaskBody => ({
  name: input.name,
  description: input.description,
  data: input.data === undefined ? undefined : dataIn(input.data),
  participants: input.to,
  requirements: { capabilities: input.capability, min_performance_score: input.minScore },
  strategy: input.strategy,
  minimize: input.minimize,
  maximize: input.maximize,
  judge: input.judge,
  max_wait_seconds: input.bidsWithin,
  timeout_seconds: input.doneWithin,
  rounds: input.rounds,
  reawards_max: input.reawards,
  protocol: input.direct ? "request" : undefined,
  owner: "user",
  workspace: input.workspace,
  distribute: input.distribute || input.watch,
});

export function dataIn(text: string, path = PATH): Json {
  const parsed = parseJson(text);
  if (parsed.type === "parsed") return parsed.value;
  throw new UsageError(`--data is not JSON: ${parsed.reason}`, path);
}
