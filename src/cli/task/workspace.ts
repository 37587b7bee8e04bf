import type { Command, Option } from "commander";

/** Where a task is: whose agents and programs are asked. */
export const workspaceOption = (command: Command): Option =>
  command.createOption("--workspace <name>", "workspace of the agents and programs").default("default");
