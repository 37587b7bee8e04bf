import * as z from "zod";
import { JsonObject } from "../../../kernel/json.ts";
import { TRIGGER_KINDS, TriggerChange, TriggerSpec } from "../../../kernel/triggers/trigger-spec.ts";
import { PERFORMATIVES } from "../../../kernel/performatives.ts";
import { RunState } from "../runs/runs.ts";
import { ListQuery, page } from "../problem.ts";

const Instant = z.iso.datetime();
export { PERFORMATIVES };

/** A trigger of an agent. */
export const Trigger = z
  .object({
    id: z.string(),
    agent: z.string(),
    trigger: TriggerSpec.meta({ description: "The kind and its fields" }),
    owner: z
      .object({ id: z.string(), kind: z.string(), name: z.string() })
      .meta({ description: "Principal whose rights the runs have: the one that changed the trigger last" }),
    origin: z.enum(["api", "definition"]).meta({
      description: "definition: a part of the agent's definition, which changes when that is deployed",
    }),
    created_at: Instant,
    updated_at: Instant,
    next_at: Instant.nullable().meta({ description: "Next slot as planned; null without one" }),
    last_at: Instant.nullable().meta({ description: "Time of its newest event; null without one" }),
    url: z.string().nullable().meta({
      description: "Address of a webhook; a path if the server does not know its public address. Null for other kinds",
    }),
    stopped: z
      .object({ since: Instant, reason: z.string() })
      .nullable()
      .meta({ description: "Why it does not fire although it is enabled. Enabling it again starts it" }),
  })
  .meta({ id: "Trigger" });
export type Trigger = z.infer<typeof Trigger>;
export const TriggerPage = page(Trigger).meta({ id: "TriggerPage" });
export const TriggerQuery = ListQuery.extend({ agent: z.string().optional() });

const [Cron, Every, At, Webhook, Message, File] = TRIGGER_KINDS;
const AGENT = { agent: z.string().meta({ description: "Agent whose runs it starts" }) };
export const CreateTriggerBody = z
  .discriminatedUnion("kind", [
    Cron.extend(AGENT),
    Every.extend(AGENT),
    At.extend(AGENT),
    Webhook.extend(AGENT),
    Message.extend(AGENT),
    File.extend(AGENT),
  ])
  .meta({ id: "CreateTrigger" });

export const UpdateTriggerBody = TriggerChange.meta({ id: "UpdateTrigger" });

export const PreviewTriggerBody = TriggerSpec.meta({ id: "PreviewTrigger" });
export const TriggerPreview = z
  .object({ times: z.array(Instant).meta({ description: "Its next five times if it were created now" }) })
  .meta({ id: "TriggerPreview" });

export const HookSecret = z.object({ id: z.string(), url: z.string(), secret: z.string() }).meta({ id: "HookSecret" });

export const FireTriggerBody = z
  .strictObject({
    event: JsonObject.optional().meta({ description: "Event for the template of the input. Default: empty" }),
  })
  .meta({ id: "FireTrigger" });

/** One event of a trigger. */
export const TriggerFire = z
  .object({
    key: z.string().meta({ description: "Time of the slot or id of the event; unique in the trigger" }),
    at: Instant.meta({ description: "Slot as planned, or time of the event" }),
    fired_at: Instant,
    outcome: z.enum(["waiting", "started", "skipped", "missed", "failed"]).meta({
      description:
        "waiting: its run is not accepted yet; started; skipped: other runs of the trigger had not ended; missed: the server did not run; failed: the run was refused",
    }),
    run: z.string().nullable().meta({ description: "Id of its run; null without one" }),
    caller: z
      .object({ id: z.string(), kind: z.string(), name: z.string() })
      .nullable()
      .meta({ description: "Principal that fired it by hand; null for slots and events" }),
    run_state: RunState.nullable().meta({ description: "State of its run; null if the run is deleted" }),
    code: z.string().nullable().meta({ description: "Code of the error that refused the run" }),
    reason: z.string(),
    missed_from: Instant.nullable().meta({ description: "First of the earlier slots that were missed" }),
  })
  .meta({ id: "TriggerFire" });
export type TriggerFire = z.infer<typeof TriggerFire>;
export const TriggerFirePage = page(TriggerFire).meta({ id: "TriggerFirePage" });
