import * as z from "zod";
import { BUILT_IN_PATTERNS, type Pattern, readPattern } from "../../text/redaction/index.ts";
import { REDACTION_TARGETS } from "../../runs/index.ts";

const OwnPatternTable = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9_-]{0,39}$/, { error: "expected a name of small letters, digits, _ and -, at most 40" })
      .meta({ description: "Written in the place of what is found: [redacted:name]" }),
    pattern: z.string().min(1).max(1_000).meta({
      description: "Regular expression of linear time: no references back, no looking around",
    }),
  })
  .superRefine((own, context) => {
    const read = readPattern(own);
    if (read.type === "read") return;
    const { offset, message } = read.problem;
    context.addIssue({ code: "custom", path: ["pattern"], message: `${message}, at character ${offset + 1}` });
  });

/** `[redaction]`: what is hidden besides secrets, which always are. */
export const RedactionTable = z
  .strictObject({
    patterns: z
      .array(z.union([z.enum(BUILT_IN_PATTERNS), OwnPatternTable]))
      .max(50)
      .default([])
      .meta({
        description: `What is hidden by what it looks like: ${BUILT_IN_PATTERNS.join(", ")}, or own ones as {name, pattern}`,
      }),
    where: z
      .array(z.enum(REDACTION_TARGETS))
      .default([...REDACTION_TARGETS])
      .meta({
        description:
          "Where patterns are hidden: prompts is what models are sent, journal what is kept and shown of runs, memory what is remembered",
      }),
  })
  .prefault({});

export const patternsOf = ({ patterns }: z.output<typeof RedactionTable>): readonly Pattern[] =>
  patterns.flatMap((given) => {
    const read = readPattern(given);
    return read.type === "read" ? [read.pattern] : [];
  });
