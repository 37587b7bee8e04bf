import type { Command } from "commander";
import * as z from "zod";
import { type GivenTo, operations } from "../../api/contract/index.ts";
import { act, examples, type Invocation, listOption, ONE_FORMATS } from "../frame/index.ts";
import { dataIn } from "./create.ts";
import { showTask, watchTask } from "./watch.ts";

const PATH = "caxton task auction";

const Input = z.object({
  name: z.string(),
  description: z.string(),
  data: z.string().optional(),
  capability: z.array(z.string()).default([]),
  to: z.array(z.string()).default([]),
  dutch: z.boolean().default(false),
  sealed: z.boolean().default(false),
  secondPrice: z.boolean().default(false),
  start: z.coerce.number().optional(),
  step: z.coerce.number().positive().optional(),
  reserve: z.coerce.number().optional(),
  bidsWithin: z.coerce.number().positive().optional(),
  deliver: z.boolean().optional(),
  doneWithin: z.coerce.number().positive().optional(),
  watch: z.boolean().default(false),
});

/** `caxton task auction`: sale to the highest or the first bid. */
export function auction(command: Command, invocation: Invocation): void {
  command
    .summary("hold an auction")
    .description(
      "Hold an auction. English: the price rises from call to call; the last bid wins. Dutch: the price falls; the first bid wins. Sealed: each bidder bids once and sees no other bid; the highest bid wins.",
    )
    .argument("<name>", "item on sale")
    .option("--description <text>", "description for bidders", "")
    .option("--data <json>", "JSON data for bidders")
    .addOption(listOption("--capability <name>", "capability required of bidders; may be repeated"))
    .addOption(listOption("--to <agent>", "invited bidder; may be repeated"))
    .option("--dutch", "let the price fall; the first bid wins")
    .option("--sealed", "collect sealed bids; the highest bid wins")
    .option("--second-price", "sealed: the winner pays the second highest price")
    .option("--start <price>", "first price; required unless --sealed")
    .option("--step <price>", "change of the price from call to call; required unless --sealed")
    .option("--reserve <price>", "minimum price of a sale")
    .option("--bids-within <seconds>", "time for bids at one price, or for sealed bids")
    .option("--deliver", "ask the winner of an English auction to do the work; sealed: always")
    .option("--done-within <seconds>", "time limit of the winner")
    .option("--watch", "follow the auction to its end");
  examples(command, [
    ["caxton task auction 'a slot at nine' --to alice --to bob --start 10 --step 5 --watch", "rises until one is left"],
    ["caxton task auction 'last tickets' --capability buying --dutch --start 100 --step 10 --reserve 50", "falls"],
    ["caxton task auction translate --capability translation --start 1 --step 1 --deliver", "the winner does it"],
    ["caxton task auction 'a slot at ten' --to alice --to bob --sealed --second-price --reserve 5", "sealed bids"],
  ]);
  act(command, invocation, {
    input: Input,
    formats: ONE_FORMATS,
    run: async (context, input) => {
      const body = bodyOf(input);
      const created = await context.client.call(operations.task.create, body);
      return input.watch ? watchTask(context, created) : showTask(context, created);
    },
  });
}

const bodyOf = (input: z.infer<typeof Input>): GivenTo<typeof operations.task.create> => ({
  name: input.name,
  description: input.description,
  data: input.data === undefined ? undefined : dataIn(input.data, PATH),
  participants: input.to,
  requirements: { capabilities: input.capability },
  protocol: input.sealed ? "auction-sealed" : input.dutch ? "auction-dutch" : "auction-english",
  auction: {
    start: input.start,
    step: input.step,
    reserve: input.reserve,
    deliver: input.deliver,
    second_price: input.secondPrice,
  },
  max_wait_seconds: input.bidsWithin,
  timeout_seconds: input.doneWithin,
  owner: "user",
  distribute: true,
});
