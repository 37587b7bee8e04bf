import type { ServerContext, Tool } from "@modelcontextprotocol/server";
import * as z from "zod";
import { operations } from "../../contract/index.ts";
import { type Caller, checkInput } from "../../operations/index.ts";
import { asResult, type ToolAnswer } from "../errors.ts";
import { inputSchema } from "./input-schema.ts";
import type { RunCalls } from "./run-calls.ts";
import { WAIT_TOOL } from "./tool-names.ts";

const WaitInput = z.strictObject({ run: z.string().min(1).meta({ description: "Id of the run" }) });

const TOOL: Tool = {
  name: WAIT_TOOL,
  title: "Wait for a run",
  description:
    "Waits for a run that a call of an agent began, and returns its answer. For runs that waited for a person, or whose call was interrupted.",
  inputSchema: inputSchema(WaitInput),
  annotations: { readOnlyHint: true, openWorldHint: false },
};

/** Lets models get the answer of a run whose call returned without one. */
export class WaitTool {
  readonly #runs: RunCalls;

  constructor(runs: RunCalls) {
    this.#runs = runs;
  }

  list(caller: Caller): readonly Tool[] {
    return caller.may(operations.run.watch) ? [TOOL] : [];
  }

  call(given: object, context: ServerContext): Promise<ToolAnswer> {
    return asResult(async () => {
      const { run } = checkInput(WaitInput, given);
      return this.#runs.isAnswer(context) ? this.#runs.resume(context) : this.#runs.wait(run, context);
    });
  }
}
