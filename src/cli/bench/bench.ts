import type { CommandMaker } from "../frame/index.ts";
import { messagesBench } from "./messages.ts";

/** `caxton bench`: what a server carries. */
export const bench: CommandMaker = (command, invocation) => {
  command.description("Measure the performance of the running server, on its own disk, through its API.");
  messagesBench(command.command("messages"), invocation);
};
