import type { Command } from "commander";
import * as z from "zod";
import { act, commandPath, examples, type Invocation } from "../frame/index.ts";
import { callTool, printResult, takesToolCall, ToolCall } from "./call.ts";
import { printObservation } from "./observation.ts";

const Input = ToolCall.extend({ permit: z.boolean().default(false) });

/** `caxton tool observe` */
export function toolObserve(command: Command, invocation: Invocation): void {
  takesToolCall(command)
    .summary("call a tool and print the grants it needs")
    .description(
      "Call one tool, record the grants it used and was refused, and print the minimum grants it needs. Missing grants stay refused unless --permit is given.",
    )
    .option(
      "--permit",
      "permissive mode for this call: files below files.root, public addresses, state, time and random numbers; never secrets",
    );
  examples(command, [
    ["caxton tool observe csv_parser.describe path=data/sales.csv", ""],
    ["caxton tool observe weather.today city=Oslo --permit", "one run that shows everything"],
  ]);
  act(command, invocation, {
    input: Input,
    formats: ["text", "json", "yaml"],
    run: async (context, input) => {
      const value = await callTool(context, input, commandPath(command), input.permit ? "permit" : "report");
      if (context.format !== "text") return;
      printResult(context, { ...value, text: value.outcome === "done" ? "" : value.text, files: [] }, undefined);
      printObservation(context.terminal, value.observed, input.tool);
    },
  });
}
