import * as z from "zod";
import { durationText } from "../../text/documents/index.ts";
import { Json, JsonObject } from "../../kernel/json.ts";

const Share = z.number().min(0).max(1);
const Repeat = z.int().min(1).max(1_000);
const Words = z.array(z.string().min(1)).max(100);
/** `csv_parser.describe`, `csv_parser.*`, or the name of one of an agent's own tools. */
const ToolPattern = z
  .string()
  .min(1)
  .meta({ description: "A tool such as csv_parser.describe; csv_parser.* stands for all of a server" });

const Pattern = z
  .string()
  .min(1)
  .refine(isPattern, { error: "expected a regular expression, as JavaScript writes it" })
  .meta({ examples: ["\\d+ rows"] });

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, "su").source !== "";
  } catch {
    return false;
  }
}

const Call = z
  .strictObject({
    tool: ToolPattern,
    arguments: JsonObject.optional().meta({ description: "What the arguments hold; there may be more in them" }),
    matches: z
      .record(z.string(), Pattern)
      .optional()
      .meta({ description: "Regular expressions for arguments that are text" }),
    outcome: z.string().optional().meta({ description: "How it ends: done, or why it fails, such as tool-error" }),
    times: z.int().min(0).optional().meta({ description: "How often exactly; without it at least once" }),
  })
  .meta({ description: "A call that has to be made" });

const Limits = z.strictObject({
  steps: z.int().min(1).optional().meta({ description: "Turns of the model at most" }),
  tool_calls: z.int().min(0).optional(),
  failed_calls: z.int().min(0).optional().meta({ description: "Calls that fail at most" }),
  tokens: z.int().min(1).optional().meta({ description: "Input and output tokens together" }),
  cost_usd: z.number().min(0).optional().meta({ description: "Checked where the model's price is known" }),
  duration: durationText({ minMs: 1 }).optional(),
});

const JsonCheck = z.strictObject({
  path: z
    .string()
    .regex(/^(?:$|\/|\$)/, {
      error: 'expected a JSON pointer such as "/rows/0/name", or a path such as "$.rows[0].name"',
    })
    .meta({ description: "JSON pointer, or a JSONPath of names and indexes, in the answer" }),
  equals: Json.optional(),
  matches: Pattern.optional(),
  exists: z.boolean().optional(),
});

const STATES = [
  "completed",
  "failed",
  "cancelled",
  "awaiting-approval",
  "awaiting-choice",
  "awaiting-input",
  "awaiting-reply",
  "needs-decision",
] as const;

const Expect = z.strictObject({
  state: z.enum(STATES).default("completed").meta({ description: "How the run ends or what it waits for" }),
  failure: z.string().optional().meta({ description: "The code a failed run carries; implies state = failed" }),
  called: z.array(ToolPattern).max(100).default([]).meta({ description: "Tools that have to be called, in any order" }),
  not_called: z.array(ToolPattern).max(100).default([]),
  order: z
    .array(ToolPattern)
    .max(100)
    .default([])
    .meta({ description: "Tools called one after another; others may come between" }),
  call: z.array(Call).max(100).default([]),
  contains: Words.default([]).meta({ description: "Texts the answer holds, in any letter case" }),
  lacks: Words.default([]).meta({ description: "Texts the answer does not hold, in any letter case" }),
  matches: z.array(Pattern).max(100).default([]),
  json: z.array(JsonCheck).max(100).default([]),
  schema: JsonObject.optional().meta({ description: "JSON Schema of the answer" }),
  artifacts: Words.default([]).meta({ description: "Names of files the run makes" }),
  limits: Limits.prefault({}),
});

const ScriptedCall = z.strictObject({ tool: z.string().min(1), arguments: JsonObject.default({}) });
const Turn = z
  .strictObject({
    text: z.string().optional(),
    call: z.array(ScriptedCall).max(32).optional(),
  })
  .refine(({ text, call }) => text !== undefined || call !== undefined, { error: "a turn needs text or call" })
  .meta({ description: "What the model answers in one turn" });

const Stub = z
  .strictObject({
    tool: ToolPattern,
    arguments: JsonObject.optional().meta({ description: "Only for calls whose arguments hold this" }),
    text: z.string().optional(),
    structured: Json.optional(),
    error: z.string().optional().meta({ description: "The tool fails, and says this" }),
  })
  .refine(({ text, structured, error }) => text !== undefined || structured !== undefined || error !== undefined, {
    error: "a stub needs text, structured or error",
  })
  .meta({ description: "What a tool answers in this test, instead of being called" });

const Judge = z
  .strictObject({
    rubric: z.string().min(1).max(20_000).meta({ description: "What makes a good answer, in words" }),
    threshold: Share.default(0.7),
  })
  .meta({
    description: "A model reads the answer and gives it a mark from 0 to 1. Left out where no judge is configured",
  });

/** One message to the agent, the model's answers to it, and what is expected. */
const MESSAGE = {
  input: z.string().min(1),
  files: z.array(z.string().min(1)).max(16).default([]).meta({ description: "Paths from this file" }),
  turn: z
    .array(Turn)
    .min(1)
    .max(200)
    .optional()
    .meta({ description: "The model's answers; without them and without a recording the built-in model answers" }),
  expect: Expect.prefault({}),
  judge: Judge.optional(),
};

const Scenario = z.strictObject({
  name: z.string().min(1).max(200),
  ...MESSAGE,
  repeat: Repeat.optional(),
  pass_rate: Share.optional(),
  skip: z.string().optional().meta({ description: "Why it is left out" }),
  tools: z
    .enum(["real", "recorded"])
    .optional()
    .meta({ description: "recorded: tools answer as in the recording; default real" }),
  stub: z.array(Stub).max(100).default([]),
  follow_up: z
    .array(z.strictObject(MESSAGE))
    .max(100)
    .default([])
    .meta({ description: "Further messages in the same thread, each sent after the previous answer" }),
});

/** The file `<agent>.test.toml` beside a definition. */
export const AgentTestFile = z.strictObject({
  agent: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "The definition, a path from this file; default: the file of the same name" }),
  repeat: Repeat.default(1).meta({ description: "How often each scenario is run" }),
  pass_rate: Share.default(1).meta({ description: "Share of a scenario's runs that have to pass" }),
  judge_model: z.string().optional().meta({ description: "provider/model that judges; --judge-model goes before it" }),
  scenario: z.array(Scenario).min(1).max(1_000),
});
export type AgentTestFile = z.output<typeof AgentTestFile>;
export type Scenario = AgentTestFile["scenario"][number];
export type Expectations = Scenario["expect"];
export type Stub = Scenario["stub"][number];

/** Where the server serves the schema, and so its `$id`. */
export const AGENT_TEST_SCHEMA_ID = "/schema/agent-test.v1.json";

/** JSON Schema (draft-07, which editors complete from) of test files. Made new at each call. */
export function agentTestSchema(): JsonObject {
  const { $schema, ...rest } = z.toJSONSchema(AgentTestFile, { target: "draft-7", io: "input" });
  const whole = {
    $schema,
    $id: AGENT_TEST_SCHEMA_ID,
    title: "Caxton agent tests",
    description: "Scenarios of one agent, beside its definition.",
    ...rest,
  };
  return JsonObject.parse(JSON.parse(JSON.stringify(whole)));
}
