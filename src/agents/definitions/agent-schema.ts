import * as z from "zod";
import { JsonObject } from "../../kernel/json.ts";
import { DefinitionFile } from "./formats/definition-file.ts";
import { INACTIVE, UNSUPPORTED } from "./formats/inactive.ts";
import { isRecord } from "./formats/record.ts";

/** Where the server serves the schema, and so its `$id`. */
export const AGENT_SCHEMA_ID = "/schema/agent.v1.json";

/** JSON Schema (draft-07, which editors complete from) of definition files. Made new at each call. */
export function agentSchema(): JsonObject {
  const schema = z.toJSONSchema(DefinitionFile, { target: "draft-7", io: "input" });
  const unsupported = new Set(Object.keys(UNSUPPORTED));
  const inactive = new Map<string, string>(Object.entries(INACTIVE));
  const properties = Object.entries(schema.properties ?? {})
    .filter(([key]) => !unsupported.has(key))
    .map(([key, property]) => {
      const why = inactive.get(key);
      if (why === undefined || !isRecord(property)) return [key, property];
      return [key, { ...property, description: `No effect in this version: ${why}` }];
    });
  const { $schema, ...rest } = schema;
  const whole = {
    $schema,
    $id: AGENT_SCHEMA_ID,
    title: "Caxton agent definition",
    description: "One agent in one file. In Markdown these are the fields of the front matter.",
    ...rest,
    properties: Object.fromEntries(properties),
  };
  return JsonObject.parse(JSON.parse(JSON.stringify(whole)));
}
