import type { Command } from "commander";
import * as z from "zod";
import { operations, requestPath, tools, type ToolLog } from "../../api/contract/index.ts";
import { follow } from "../client/index.ts";
import {
  act,
  type Context,
  examples,
  type Invocation,
  LIST_FORMATS,
  onInterrupt,
  commandPath,
  showList,
  UsageError,
} from "../frame/index.ts";
import { type Column, safeText } from "../terminal/index.ts";

const columns: readonly Column<ToolLog["items"][number]>[] = [
  { title: "AT", value: ({ at }) => at },
  { title: "LINE", value: ({ text }) => text },
];

const EXIT_INTERRUPTED = 130;

/** `caxton tool logs` */
export function toolLogs(command: Command, invocation: Invocation): void {
  command
    .summary("show the log of a tool server")
    .description(
      "Show the last lines that a tool server wrote to standard error, oldest first; at most 200 are kept. With -f, stream new lines of all revisions until Ctrl-C.",
    )
    .argument("<server>", "name of the tool server")
    .option("-f, --follow", "stream new lines");
  examples(command, [
    ["caxton tool logs csv_parser", ""],
    ["caxton tool logs csv_parser -f", "follow it"],
  ]);
  act(command, invocation, {
    input: z.object({ server: z.string(), follow: z.boolean().default(false) }),
    formats: LIST_FORMATS,
    run: async (context, input) => {
      if (input.follow) return followLog(context, input.server, commandPath(command));
      const { raw, value } = await context.client.call(operations.toolServer.logs, { name: input.server });
      return showList(context, {
        raw,
        items: value.items,
        columns,
        name: ({ text }) => text,
        empty: `${input.server} has written nothing to its log`,
      });
    },
  });
}

async function followLog({ client, terminal, format }: Context, server: string, command: string): Promise<number> {
  if (format === "json" || format === "yaml")
    throw new UsageError(`what is followed has no end, so there is no one document; use -o jsonl`, command);
  const stop = new AbortController();
  using interrupt = onInterrupt(() => stop.abort());
  void interrupt;
  let seenAt = "";
  try {
    const path = requestPath(operations.toolServer.logs, { name: server });
    const onLink = (link: "lost" | "back") => {
      terminal.note(link === "lost" ? "the connection is lost; trying again" : "connected again");
    };
    for await (const { raw, event } of follow(client, {
      path,
      schema: tools.ToolLogEvent,
      signal: stop.signal,
      onLink,
    })) {
      if (event.type === "gap") {
        terminal.note(`${event.lines} lines were left out`);
        continue;
      }
      // After a break the server begins with what it keeps, of which some is known.
      if (event.at < seenAt) continue;
      seenAt = event.at;
      if (format === "jsonl") terminal.write(`${raw}\n`);
      else if (format === "name") terminal.write(`${safeText(event.text)}\n`);
      else terminal.write(`${terminal.style("dim", event.at)}  ${safeText(event.text)}\n`);
    }
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return EXIT_INTERRUPTED;
    throw error;
  }
}
