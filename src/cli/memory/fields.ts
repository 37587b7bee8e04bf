import type { Command } from "commander";
import * as z from "zod";
import { instantIn, metadataIn, shareIn } from "./reference.ts";

/** Options for the fields of an entity. */
export const withFields = (command: Command): Command =>
  command
    .option("--metadata <json>", "custom JSON metadata")
    .addOption(command.createOption("--confidence <share>", "confidence, 0 to 1").argParser(shareIn))
    .addOption(command.createOption("--strength <share>", "importance, 0 to 1").argParser(shareIn))
    .addOption(command.createOption("--valid-from <time>", "start of validity").argParser(instantIn))
    .addOption(command.createOption("--valid-to <time>", "end of validity").argParser(instantIn));

export const Fields = {
  type: z.string().optional(),
  metadata: z.string().optional(),
  confidence: z.number().optional(),
  strength: z.number().optional(),
  validFrom: z.string().optional(),
  validTo: z.string().optional(),
};
export const FieldsInput = z.object(Fields);

/** The fields that were given, as the API has them. */
export const fieldsOf = (input: z.infer<typeof FieldsInput>, command: string): object => {
  const { type, confidence, strength, validFrom: valid_from, validTo: valid_to } = input;
  const fields = { type, confidence, strength, valid_from, valid_to, metadata: metadataIn(input.metadata, command) };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
};
