import type { Command } from "commander";
import * as z from "zod";
import { operations } from "../../api/contract/index.ts";
import { fileToSend } from "../client/index.ts";
import {
  act,
  examples,
  type Invocation,
  listOption,
  commandPath,
  sendFiles,
  showOne,
  UsageError,
} from "../frame/index.ts";
import { argumentsOf, printResult } from "./call.ts";
import { printObservation } from "./observation.ts";

const CALL_MS_MAX = 600_000;

const Input = z.object({
  tool: z.string(),
  values: z.array(z.string()).default([]),
  args: z.string().default("{}"),
  file: z.array(z.string()).default([]),
  permit: z.boolean().default(false),
});

/** `caxton tool observe` */
export function toolObserve(command: Command, invocation: Invocation): void {
  command
    .summary("call a tool and print the grants it needs")
    .description(
      "Call one tool, record the grants it used and was refused, and print the minimum grants it needs. Missing grants stay refused unless --permit is given.",
    )
    .argument("<tool>", "server.tool; list tools with: caxton tool list")
    .argument("[values...]", "arguments as key=value; values are parsed as JSON unless the tool expects text")
    .option("-a, --args <json>", "arguments as a JSON object; @file reads them from a file, - from standard input")
    .addOption(listOption("-f, --file <path>", "file that the tool may read, as uploads/<name>; may be repeated"))
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
      const [server = "", ...rest] = input.tool.split(".");
      if (server === "" || rest.length === 0) {
        throw new UsageError(`"${input.tool}" names no tool; it is called server.tool`, commandPath(command));
      }
      const target = { server, tool: rest.join(".") };
      const given = await argumentsOf(context, input, { ...target, command: commandPath(command) });
      const files = await Promise.all(input.file.map(fileToSend));
      const uploads = await sendFiles(context, files, new AbortController().signal);
      context.terminal.status(input.tool);
      const { raw, value } = await context.client.call(
        operations.tool.call,
        { ...target, arguments: given, uploads, observe: input.permit ? "permit" : "report" },
        { timeoutMs: context.timeoutMs ?? CALL_MS_MAX },
      );
      context.terminal.status(undefined);
      await showOne(context, { raw, name: value.outcome, human: () => "" });
      if (context.format !== "text") return;
      printResult(context, { ...value, text: value.outcome === "done" ? "" : value.text, files: [] }, undefined);
      if (value.observed !== null) printObservation(context.terminal, value.observed, server);
    },
  });
}
