import { ndJsonStream } from "@agentclientprotocol/sdk";
import { Readable, Writable } from "node:stream";
import * as z from "zod";
import { act, type CommandMaker, examples } from "../frame/index.ts";
import { acpServer } from "./app.ts";

/** `caxton acp` */
export const acp: CommandMaker = (command, invocation) => {
  command
    .description(
      "Serve agents to an editor: speak the Agent Client Protocol on standard input and output, for a running server. Editors such as Zed, JetBrains IDEs, Neovim and Emacs start this command. Sessions are threads.",
    )
    .option("--agent <name>", "agent of new sessions; default: the first one. The editor can choose another");
  examples(command, [
    ["caxton acp", "of the current server, with the saved login"],
    ["caxton acp --agent data-analyzer --server https://agents.example.com", ""],
  ]);
  act(command, invocation, {
    input: z.object({ agent: z.string().optional() }),
    formats: ["text"],
    run: async (context, { agent }) => {
      const { input, output } = context.terminal.streams;
      const { app, sessions } = acpServer(context, { agent });
      const connection = app.connect(ndJsonStream(Writable.toWeb(output), Readable.toWeb(input)));
      await connection.closed;
      sessions.leave();
    },
  });
};
