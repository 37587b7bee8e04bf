import type { Command } from "commander";
import * as z from "zod";
import { act, type CommandMaker, examples, type Invocation } from "../frame/index.ts";
import { Bridge } from "./bridge.ts";
import { install, uninstall } from "./install.ts";

/** `caxton mcp` */
export const mcp: CommandMaker = (command, invocation) => {
  command.description("Serve agents to editors and assistants as tools of an MCP server.");
  examples(command, [
    ["caxton mcp install cursor", "add the agents to a client"],
    ["caxton mcp serve", "for a client that starts MCP servers as commands"],
  ]);
  serve(command.command("serve"), invocation);
  install(command.command("install"), invocation);
  uninstall(command.command("uninstall"), invocation);
};

function serve(command: Command, invocation: Invocation): void {
  command.description(
    "Speak MCP on standard input and output, for a running server: its agents are the tools. Clients that connect to URLs use /mcp of the server instead.",
  );
  examples(command, [
    ["caxton mcp serve", "of the current server, with the saved login"],
    ["caxton mcp serve --server https://agents.example.com", ""],
  ]);
  act(command, invocation, {
    input: z.object({}),
    formats: ["text"],
    run: async ({ client, terminal: { streams } }) => {
      await new Bridge(client, streams).run();
    },
  });
}
