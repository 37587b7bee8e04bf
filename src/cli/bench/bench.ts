import type { CommandMaker } from "../frame/index.ts";
import { messagesBench } from "./messages.ts";

/** `caxton bench`: what a server carries. */
export const bench: CommandMaker = (command, invocation) => {
  command.description("Measure what this server carries, on its own disk, through its own door.");
  messagesBench(command.command("messages"), invocation);
};
