import * as z from "zod";

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
  .meta({ description: "denied: no grant allows it; failed: one does, and it went wrong" });

const what = {
  kind: UseKind,
  operation: z.string(),
  target: z.string().meta({
    description: "A path, a URL without query, a key, a name, whom a message is for, or whose memory is searched",
  }),
  outcome: UseOutcome,
  reason: z.string().meta({ description: "A code; empty when it was allowed" }),
};

export const GrantUse = z
  .object({
    at: z.iso.datetime(),
    server: z.string(),
    agent: z.string().nullable(),
    session: z.string().meta({ description: "The run's id, or that of a call outside a run" }),
    ...what,
    count: z.int().meta({ description: "Repeats within a moment are one, with bytes and time in sum" }),
    bytes: z.int(),
    duration_ms: z.number(),
  })
  .meta({ id: "GrantUse" });
export type GrantUse = z.infer<typeof GrantUse>;

export const GrantUsePage = z
  .object({ items: z.array(GrantUse), next: z.string().nullable() })
  .meta({ id: "GrantUsePage" });
export type GrantUsePage = z.infer<typeof GrantUsePage>;

export const GrantUseQuery = z.object({
  outcome: UseOutcome.optional(),
  kind: UseKind.optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, { error: "expected a cursor of this list" })
    .optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type GrantUseQuery = z.infer<typeof GrantUseQuery>;

export const ObserveMode = z.enum(["report", "permit"]).meta({
  description:
    "report: tell what the call needed, what is not granted stays refused; permit: let this one call have it, but for secrets, private addresses and what is outside of files.root",
});

export const Observation = z
  .object({
    uses: z.array(z.object({ ...what, count: z.int() })),
    diff: z
      .string()
      .meta({ description: "From what the server is granted to what this call needed, as of a tool.toml" }),
    configuration: z.string().meta({ description: "The same as a part of caxton.toml" }),
    notes: z.array(z.string()),
  })
  .meta({ id: "GrantObservation" });
export type Observation = z.infer<typeof Observation>;
