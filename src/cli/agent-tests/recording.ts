import * as z from "zod";
import type { RunDetail } from "../../api/contract/index.ts";
import { Json, parseJson } from "../../kernel/json.ts";
import { modelToolName } from "../../tools/catalogue/index.ts";
import { RecordingInvalidError } from "./errors.ts";
import type { Scenario } from "../../agents/test-files/index.ts";

const RecordedTurn = z.strictObject({
  text: z.string(),
  toolCalls: z.array(z.strictObject({ name: z.string(), arguments: z.string() })),
});
const RecordedCall = z.strictObject({
  tool: z.string(),
  arguments: Json,
  outcome: z.string(),
  text: z.string(),
  structured: Json,
});
const RecordedScenario = z.strictObject({
  model: z.string(),
  input: z.string(),
  turns: z.array(RecordedTurn),
  calls: z.array(RecordedCall),
});
/** What a model and tools answered in scenarios of a test file, by the scenario's name. */
export const Recording = z.strictObject({ version: z.literal(1), scenarios: z.record(z.string(), RecordedScenario) });
export type Recording = z.infer<typeof Recording>;
export type RecordedScenario = z.infer<typeof RecordedScenario>;
export type RecordedCall = z.infer<typeof RecordedCall>;

export const NO_RECORDING: Recording = { version: 1, scenarios: {} };

/** `agents/greeter.recording.json` of `agents/greeter.test.toml`. */
export const recordingFile = (stem: string): string => `${stem}.recording.json`;

/** Throws RecordingInvalidError. */
export function readRecording(text: string, file: string): Recording {
  const parsed = parseJson(text);
  const checked = parsed.type === "parsed" ? Recording.safeParse(parsed.value) : undefined;
  if (checked?.success) return checked.data;
  const why = checked?.error.issues[0] ?? { path: [], message: "it is not JSON" };
  throw new RecordingInvalidError(
    `${file} is not a recording: ${why.path.join(".")} ${why.message}`,
    "Record it again with: caxton agent test --record",
    { file },
  );
}

/** What to keep of a run to play it again. */
export function recordRun(run: RunDetail): RecordedScenario {
  const turns = run.step_list.flatMap((step) =>
    step.kind === "model" && step.state === "done"
      ? [
          {
            text: step.text,
            toolCalls: step.tool_calls.map(({ name, arguments: given }) => ({ name, arguments: given })),
          },
        ]
      : [],
  );
  const calls = run.step_list.flatMap((step) =>
    step.kind === "tool" && step.outcome !== null
      ? [
          {
            tool: step.tool,
            arguments: step.arguments,
            outcome: step.outcome,
            text: step.text,
            structured: step.structured,
          },
        ]
      : [],
  );
  return { model: run.model ?? "", input: run.input, turns, calls };
}

/** The turns of a scripted model for a scenario: those written in it, or those recorded; undefined when there are none. */
export function scriptOf(scenario: Scenario, recorded: RecordedScenario | undefined): readonly object[] | undefined {
  if (scenario.turn !== undefined) {
    return scenario.turn.map(({ text = "", call = [] }) => ({
      text,
      toolCalls: call.map(({ tool, arguments: given }) => ({ name: nameForModel(tool), arguments: given })),
    }));
  }
  return recorded?.turns.length ? recorded.turns : undefined;
}

/** The name a model calls a tool by: definitions write `server.tool`. */
function nameForModel(tool: string): string {
  const dot = tool.indexOf(".");
  if (dot < 0) return tool;
  return modelToolName({ server: tool.slice(0, dot), name: tool.slice(dot + 1) });
}
