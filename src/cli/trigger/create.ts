import type { Command } from "commander";
import * as z from "zod";
import { operations } from "../../api/contract/index.ts";
import { JsonObject } from "../../kernel/json.ts";
import { TriggerSpec } from "../../kernel/triggers/trigger-spec.ts";
import { parseDuration } from "../../text/documents/index.ts";
import { act, examples, type Invocation, ONE_FORMATS, showOne, UsageError, wholeNumber } from "../frame/index.ts";
import { safeText } from "../terminal/index.ts";

const KINDS = ["cron", "every", "at", "webhook", "message", "file"] as const;
/** The option that states a kind, if it is not the kind's name; its value is that field of the trigger. */
const FIELD_OF: Readonly<Record<(typeof KINDS)[number], string>> = {
  cron: "cron",
  every: "every",
  at: "at",
  webhook: "verify",
  message: "topic",
  file: "path",
};
const text = z.string().optional();

/** What the options of `fieldOptions` give. */
export const FIELDS = z.object({
  input: text,
  thread: text,
  cron: text,
  zone: text,
  every: text,
  at: text,
  in: text,
  webhook: text,
  topic: text,
  performative: text,
  sender: text,
  where: text,
  file: text,
  on: text,
  catchUp: text,
  jitter: text,
  concurrency: text,
  parallel: z.number().optional(),
});

/** Adds an option for each field of a trigger. */
export const fieldOptions = (command: Command): Command =>
  command
    .option("--input <template>", "request of the runs: a template with {{planned_at}}, {{fired_at}} and {{event}}")
    .option("--cron <pattern>", "minute, hour, day of the month, month and weekday")
    .option("--zone <zone>", "IANA time zone of the pattern. Default: UTC")
    .option("--every <duration>", "interval, for example 15m")
    .option("--at <time>", "time of one run, for example 2026-12-01T08:00:00+01:00")
    .option("--in <duration>", "time from now until one run, for example 2h")
    .option(
      "--webhook <proof>",
      "HTTP requests whose sender proves a secret: standard (signature of Standard Webhooks), github or bearer",
    )
    .option("--topic <pattern>", "messages that are sent to matching topics, for example orders.*.created")
    .option("--performative <act>", "only messages with this performative")
    .option("--sender <name>", "only messages of this sender")
    .option("--where <expression>", "only messages for which it is true, for example message.content.price > 100")
    .option("--file <pattern>", "files in the folder of the workspace below files.watch_root, for example inbox/*.csv")
    .option("--on <changes>", "changes of files, separated by commas. Default: created,changed")
    .option(
      "--catch-up <policy>",
      "slots missed while the server did not run: latest (default; of files: all), skip or all",
    )
    .option("--jitter <duration>", "maximum delay of a slot")
    .option(
      "--thread <key>",
      "new (default); same: the runs are turns of one thread; or a template of the thread's key",
    )
    .option("--concurrency <policy>", "if earlier runs have not ended: queue (default), skip or replace")
    .option("--parallel <number>", "maximum runs at the same time. Default: 1", (parallel) =>
      wholeNumber(parallel, 1, 100),
    );

/** The options as fields of a trigger; `in` becomes `at`. Throws UsageError. */
export function fieldsOf(
  { in: delay, catchUp, webhook: verify, file: path, on, ...given }: z.infer<typeof FIELDS>,
  command: string,
): Readonly<Record<string, unknown>> {
  const ms = delay === undefined ? undefined : parseDuration(delay);
  if (delay !== undefined && ms === undefined)
    throw new UsageError(`--in takes a duration such as 30m or 2h, not "${delay}"`, command);
  if (delay !== undefined && given.at !== undefined) throw new UsageError("give --at or --in, not both", command);
  const at = ms === undefined ? given.at : new Date(Date.now() + ms).toISOString();
  const events = on?.split(",").map((event) => event.trim());
  const fields = { ...given, at, verify, path, events, catch_up: catchUp };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

export function createTrigger(command: Command, invocation: Invocation): void {
  command
    .summary("create a trigger")
    .description(
      "Create a trigger that starts runs of an agent. Exactly one option states the kind: --cron, --every, --at, --in, --webhook, --topic or --file. Its runs have your rights; if you lose them, the trigger stops.",
    )
    .argument("<agent>", "agent whose runs it starts")
    .argument("<name>", "name of the trigger, for example morning-report");
  fieldOptions(command).option("--disabled", "create the trigger disabled");
  examples(command, [
    [`caxton trigger create reporter morning --cron "0 7 * * 1-5" --zone Europe/Berlin --input "Write the report"`, ""],
    [`caxton trigger create reporter poll --every 15m --input "Check the inbox"`, ""],
    [
      `caxton trigger create reporter issues --webhook github --input "{{event.body.issue.title}}"`,
      "prints the secret",
    ],
    [`caxton trigger create reporter orders --topic "orders.*.created" --input "{{event.content}}"`, ""],
    [`caxton trigger create reporter tables --file "inbox/*.csv" --input "Describe {{event.name}}"`, ""],
    [`caxton trigger create reporter once --in 2h --input "Say hello"`, "one delayed run"],
  ]);
  act(command, invocation, {
    input: FIELDS.extend({ agent: z.string(), name: z.string(), disabled: z.boolean().default(false) }),
    formats: ONE_FORMATS,
    run: async (context, { agent, name, disabled, ...given }) => {
      const spec = specOf({ ...fieldsOf(given, "trigger create"), name, enabled: !disabled });
      const { raw, value } = await context.client.call(operations.trigger.create, { agent, ...spec });
      const next = value.next_at === null ? "" : `  next ${value.next_at}`;
      const created = `${safeText(`${value.agent}/${value.trigger.name}`)} is created${next}\n`;
      if (spec.kind !== "webhook") return showOne(context, { raw, name: value.id, human: () => created });
      // The key of the request may be sent again; a secret is sent once.
      const { value: hook } = await context.client.call(operations.trigger.rotateSecret, { id: value.id });
      const document = { ...JsonObject.parse(raw), secret: hook.secret };
      await showOne(context, { raw: document, name: value.id, human: () => created + secretLines(hook) });
    },
  });
}

/** The address and the secret of a webhook, which is not shown again. */
export const secretLines = ({ url, secret }: { readonly url: string; readonly secret: string }): string =>
  `Address: POST ${safeText(url)}\nSecret, which is not shown again: ${secret}\n`;

/** Throws UsageError. */
function specOf(given: Readonly<Record<string, unknown>>): TriggerSpec {
  const kinds = KINDS.filter((kind) => given[FIELD_OF[kind]] !== undefined);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1)
    throw new UsageError(
      "give exactly one of --cron, --every, --at, --in, --webhook, --topic, --file",
      "trigger create",
    );
  if (given["input"] === undefined) throw new UsageError("--input is missing", "trigger create");
  const parsed = TriggerSpec.safeParse({ kind, ...given });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = issue?.code === "unrecognized_keys" ? issue.keys.join(", ") : (issue?.path.join(".") ?? "");
  const option = `--${name.replaceAll("_", "-")}`;
  const reason =
    issue?.code === "unrecognized_keys" ? `cannot be given with --${kind}` : `is invalid: ${issue?.message}`;
  throw new UsageError(`${option} ${reason}`, "trigger create");
}
