import type { Command } from "commander";
import * as z from "zod";
import { fillRoute, tools, type ToolLog } from "../api/contract/index.ts";
import { act, examples, type Invocation, LIST_FORMATS, showList } from "./frame/index.ts";
import type { Column } from "./terminal/index.ts";

const columns: readonly Column<ToolLog["items"][number]>[] = [
  { title: "AT", value: ({ at }) => at },
  { title: "LINE", value: ({ text }) => text },
];

/** `caxton tool logs` */
export function toolLogs(command: Command, invocation: Invocation): void {
  command
    .summary("what a tool server wrote to its log")
    .description("Show the last lines that a tool server wrote to standard error, oldest first; at most 200 are kept.")
    .argument("<server>", "a tool server");
  examples(command, [["caxton tool logs csv_parser", ""]]);
  act(command, invocation, {
    input: z.object({ server: z.string() }),
    formats: LIST_FORMATS,
    run: async (context, { server }) => {
      const { raw, value } = await context.client.request({
        path: fillRoute("toolLogs", { server }),
        schema: tools.ToolLog,
      });
      await showList(context, {
        raw,
        items: value.items,
        columns,
        name: ({ text }) => text,
        empty: `${server} has written nothing to its log`,
      });
    },
  });
}
