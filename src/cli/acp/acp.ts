import { ndJsonStream } from "@agentclientprotocol/sdk";
import { spawn } from "node:child_process";
import { once } from "node:events";
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
  command.option(
    "--files",
    "give agents tools for the files of the editor's project: they read them, and write them when you allow it",
  );
  command.option("--login", "log in at the terminal and exit; editors start it when the server requires credentials");
  examples(command, [
    ["caxton acp", "of the current server, with the saved login"],
    ["caxton acp --files", "agents can read and change the project"],
    ["caxton acp --agent data-analyzer --server https://agents.example.com", ""],
  ]);
  act(command, invocation, {
    input: z.object({
      agent: z.string().optional(),
      files: z.boolean().default(false),
      login: z.boolean().default(false),
    }),
    formats: ["text"],
    run: async (context, { agent, files, login }) => {
      if (login) return logIn(context.client.server);
      const { input, output } = context.terminal.streams;
      const { app, sessions } = acpServer(context, { agent, files });
      const connection = app.connect(ndJsonStream(Writable.toWeb(output), Readable.toWeb(input)));
      await connection.closed;
      sessions.leave();
      return 0;
    },
  });
};

/** Runs `caxton login` at the terminal of this command. Returns its exit code. */
async function logIn(server: URL): Promise<number> {
  const child = spawn(process.execPath, [process.argv[1] ?? "", "login", server.href], { stdio: "inherit" });
  const [code] = await once(child, "exit");
  return typeof code === "number" ? code : 1;
}
