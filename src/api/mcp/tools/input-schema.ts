import type { Tool } from "@modelcontextprotocol/server";
import * as z from "zod";
import { JsonObject } from "../../../kernel/json.ts";

/** JSON Schema of a tool's arguments. */
export const inputSchema = (schema: z.ZodType): Tool["inputSchema"] => ({
  ...JsonObject.parse(z.toJSONSchema(schema, { io: "input" })),
  type: "object",
});
