import * as z from "zod";
import { ListQuery, page } from "../problem.ts";

export const UseKind = z.enum([
  "file",
  "http",
  "message",
  "memory",
  "state",
  "secret",
  "environment",
  "clock",
  "random",
]);
export const UseOutcome = z
  .enum(["allowed", "denied", "failed"])
  .meta({ description: "denied: no grant allows it; failed: a grant allows it, but the access failed" });

const what = {
  kind: UseKind,
  operation: z.string(),
  target: z.string().meta({
    description:
      "A path, a URL without query, a key, a name, the receiver of a message, or the owner of the searched memory",
  }),
  outcome: UseOutcome,
  reason: z.string().meta({ description: "Error code; empty if it was allowed" }),
};

export const GrantUse = z
  .object({
    at: z.iso.datetime(),
    server: z.string(),
    agent: z.string().nullable(),
    session: z.string().meta({ description: "The run's id, or that of a call outside a run" }),
    ...what,
    count: z.int().meta({ description: "Number of repeated uses merged into this one; bytes and time are sums" }),
    bytes: z.int(),
    duration_ms: z.number(),
  })
  .meta({ id: "GrantUse" });
export type GrantUse = z.infer<typeof GrantUse>;

export const GrantUsePage = page(GrantUse).meta({ id: "GrantUsePage" });

export const GrantUseQuery = ListQuery.extend({
  outcome: UseOutcome.optional(),
  kind: UseKind.optional(),
  since: z.iso.datetime({ offset: true }).optional(),
});

export const ObserveMode = z.enum(["report", "permit"]).meta({
  description:
    "report: return the grants that the call needed, and deny what is not granted; permit: also grant it for this call, except secrets, private addresses and paths outside files.root",
});

export const Observation = z
  .object({
    uses: z.array(z.object({ ...what, count: z.int() })),
    diff: z
      .string()
      .meta({ description: "Diff of a tool.toml, from the current grants to those that this call needed" }),
    configuration: z.string().meta({ description: "The same as a section of caxton.toml" }),
    notes: z.array(z.string()),
  })
  .meta({ id: "GrantObservation" });
export type Observation = z.infer<typeof Observation>;
