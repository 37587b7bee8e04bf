import type { Command } from "commander";
import * as z from "zod";
import { operations, triggers } from "../../api/contract/index.ts";
import { act, examples, type Invocation, ONE_FORMATS, showOne, UsageError } from "../frame/index.ts";
import { safeText } from "../terminal/index.ts";
import { fieldOptions, FIELDS, fieldsOf } from "./create.ts";

const COMMAND = "trigger update";

export function updateTrigger(command: Command, invocation: Invocation): void {
  command
    .summary("change a trigger")
    .description(
      'Change fields of a trigger; its kind stays. An empty text removes an optional one, for example --where "". You become its owner: its runs have your rights. A trigger that stopped continues.',
    )
    .argument("<trigger>", "id of the trigger, or agent/name");
  fieldOptions(command);
  examples(command, [[`caxton trigger update reporter/morning --cron "0 8 * * 1-5"`, ""]]);
  act(command, invocation, {
    input: FIELDS.extend({ trigger: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { trigger: id, ...given }) => {
      const fields = Object.entries(fieldsOf(given, COMMAND)).map(([name, value]) => [
        name,
        value === "" ? null : value,
      ]);
      const change = triggers.UpdateTriggerBody.safeParse(Object.fromEntries(fields));
      if (!change.success) {
        const [issue] = change.error.issues;
        const option = `--${(issue?.path.join(".") ?? "").replaceAll("_", "-")}`;
        throw new UsageError(`${option} is invalid: ${issue?.message}`, COMMAND);
      }
      if (Object.keys(change.data).length === 0) throw new UsageError("nothing to change is given", COMMAND);
      const { raw, value } = await context.client.call(operations.trigger.update, { id, ...change.data });
      const next = value.next_at === null ? "" : `  next ${value.next_at}`;
      const human = () => `${safeText(`${value.agent}/${value.trigger.name}`)} is changed${next}\n`;
      await showOne(context, { raw, name: value.id, human });
    },
  });
}
