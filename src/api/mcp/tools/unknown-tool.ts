import { ProtocolError } from "@modelcontextprotocol/server";
import { INVALID_PARAMS } from "../errors.ts";

/** The error for the name of a tool that is not there. */
export const unknownTool = (name: string): ProtocolError =>
  new ProtocolError(INVALID_PARAMS, `there is no tool ${name}. tools/list names those that you may call.`, {
    code: "TOOL_NOT_FOUND",
  });
