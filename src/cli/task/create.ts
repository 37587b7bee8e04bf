import type { Command } from "commander";
import * as z from "zod";
import { type GivenTo, operations } from "../../api/contract/index.ts";
import { type Json, parseJson } from "../../kernel/json.ts";
import { act, examples, type Invocation, listOption, ONE_FORMATS, UsageError } from "../frame/index.ts";
import { showTask, watchTask } from "./watch.ts";

const PATH = "caxton task create";

/** The options that say how proposals are compared. */
export function comparing(command: Command): Command {
  return command
    .addOption(
      command.createOption("--strategy <name>", "award strategy; default: best_bid").choices(["best_bid", "first_bid"]),
    )
    .option("--minimize <expression>", "award the proposal with the lowest value, for example bid.cost")
    .option("--maximize <expression>", "award the highest value, for example history.success_rate / bid.cost")
    .option("--judge <agent>", "agent that reads the proposals and names the winner")
    .option("--bids-within <seconds>", "bidding deadline");
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
  idempotencyKey: z.string().optional(),
  ...Comparing,
});

export function create(command: Command, invocation: Invocation): void {
  command
    .summary("create a task")
    .description(
      "Create a task. When it is distributed, the providers of the capabilities are asked for proposals. The best proposal is awarded, and the next best if that agent fails.",
    )
    .argument("<name>", "name of the task")
    .option("--description <text>", "description of the work, for bidders", "")
    .option("--data <json>", "JSON data for bidders")
    .addOption(listOption("--capability <name>", "required capability; may be repeated"))
    .addOption(listOption("--to <agent>", "invited agent; may be repeated"))
    .option("--min-score <share>", "minimum measured success rate, 0 to 1")
    .option("--done-within <seconds>", "time limit of the awarded agent")
    .option("--rounds <n>", "rounds of proposals")
    .option("--reawards <n>", "maximum re-awards after a failure")
    .option("--direct", "ask agents one by one, without proposals")
    .option("--distribute", "distribute the task at once")
    .option("--watch", "distribute the task and follow it to its end")
    .option("--idempotency-key <key>", "idempotency key; a repeated request creates no second task");
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
      return input.watch ? watchTask(context, created) : showTask(context, created);
    },
  });
}

const bodyOf = (input: z.infer<typeof Input>): GivenTo<typeof operations.task.create> => ({
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
  distribute: input.distribute || input.watch,
});

export function dataIn(text: string, path = PATH): Json {
  const parsed = parseJson(text);
  if (parsed.type === "parsed") return parsed.value;
  throw new UsageError(`--data is not JSON: ${parsed.reason}`, path);
}
