import * as z from "zod";
import { durationText } from "../../text/documents/index.ts";
import { readRule, RULE_CHARS_MAX } from "./rule.ts";

/** Rules of one list. */
export const RULES_MAX = 200;
const EXPIRES = { minMs: 1_000, maxMs: 365 * 86_400_000 };

const rule = z
  .string()
  .min(1)
  .max(RULE_CHARS_MAX)
  .superRefine((text, context) => {
    const read = readRule(text);
    if (read.type === "rule") return;
    const { offset, message } = read.problem;
    context.addIssue({
      code: "custom",
      message: `this rule cannot be read at character ${offset + 1}: ${message}`,
      params: {
        code: "BAD_RULE",
        fix: 'Write for example "file_system.delete_file", "http_client.request(method=\\"DELETE\\")" or "*".',
      },
    });
  });

const rules = (description: string, examples: readonly string[]) =>
  z
    .array(rule)
    .max(RULES_MAX)
    .default([])
    .meta({ description, examples: [[...examples]] });

/** The lists of rules, as configuration and definitions have them alike. */
export const ruleLists = {
  deny: rules("Calls that are never made; the model gets the reason", ["file_system.delete_file"]),
  allow: rules("Calls that are made although a rule of ask is about them", ['file_system.write_file(path="out/*")']),
  ask: rules("Calls that a person has to approve first", ['http_client.request(method="DELETE")']),
};

/** How long an approval waits. */
export const expiresText = durationText(EXPIRES);

export const ON_EXPIRY = ["refuse", "fail"] as const;

/** Names of roles. */
export const approverNames = z
  .array(z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, { error: "a role is a lower-case word, such as operator" }))
  .max(32);
