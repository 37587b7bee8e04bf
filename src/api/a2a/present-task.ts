import { type Artifact, type Message, type Part, Role, type Task, TaskState, type TaskStatus } from "@a2a-js/sdk";
import type { Json } from "../../kernel/json.ts";
import { type ArtifactSummary, type RunDetail, runs, type RunState, type RunSummary } from "../contract/index.ts";

const STATES: Readonly<Record<RunState, TaskState>> = {
  queued: TaskState.TASK_STATE_SUBMITTED,
  running: TaskState.TASK_STATE_WORKING,
  "awaiting-reply": TaskState.TASK_STATE_WORKING,
  "awaiting-approval": TaskState.TASK_STATE_INPUT_REQUIRED,
  "awaiting-choice": TaskState.TASK_STATE_INPUT_REQUIRED,
  "awaiting-input": TaskState.TASK_STATE_INPUT_REQUIRED,
  "needs-decision": TaskState.TASK_STATE_INPUT_REQUIRED,
  completed: TaskState.TASK_STATE_COMPLETED,
  failed: TaskState.TASK_STATE_FAILED,
  cancelled: TaskState.TASK_STATE_CANCELED,
};
/** The artifact that holds the answer. */
const ANSWER = "answer";
const METADATA = "caxton";

export const taskStateOf = (state: RunState): TaskState => STATES[state];

/** The states of runs that a state of tasks stands for. */
export const runStatesOf = (state: TaskState): readonly RunState[] =>
  runs.RunState.options.filter((each) => STATES[each] === state);

export const textPart = (text: string): Part => ({
  content: { $case: "text", value: text },
  metadata: undefined,
  filename: "",
  mediaType: "text/plain",
});
export const dataPart = (value: Json): Part => ({
  content: { $case: "data", value },
  metadata: undefined,
  filename: "",
  mediaType: "application/json",
});

const artifactOf = (artifactId: string, name: string, parts: Part[]): Artifact => ({
  artifactId,
  name,
  description: "",
  parts,
  metadata: undefined,
  extensions: [],
});

/** A part of the answer, or all of it. */
export const answerArtifact = (parts: Part[]): Artifact => artifactOf(ANSWER, ANSWER, parts);

/** A file that a run created, as a link that needs the same credentials. */
export const fileArtifact = ({ id, name, media_type: mediaType, url }: ArtifactSummary, base: string): Artifact =>
  artifactOf(id, name, [
    { content: { $case: "url", value: base + url }, metadata: undefined, filename: name, mediaType },
  ]);

/**
 * Where a task belongs. It keeps the id of its first run when agents hand it off. The context is the name that the client chose, or the id
 * of the thread.
 */
export type Place = { readonly taskId: string; readonly contextId: string; readonly base: string };

const agentMessage = (
  run: Pick<RunSummary, "id">,
  name: string,
  { taskId, contextId }: Place,
  parts: Part[],
): Message => ({
  messageId: `${run.id}-${name}`,
  contextId,
  taskId,
  role: Role.ROLE_AGENT,
  parts,
  metadata: undefined,
  extensions: [],
  referenceTaskIds: [],
});

/** What a run that cannot continue without a person waits for, or why it failed. */
function statusParts(run: RunDetail, { base }: Place): Part[] {
  const question = run.questions.find(({ state }) => state === "open");
  if (run.state === "awaiting-input" && question) {
    const { id, message, options, schema, url, expires_at } = question;
    return [textPart(message), dataPart({ question: id, options, schema, url, expires_at })];
  }
  const approval = run.approvals.find(({ state }) => state === "open");
  if (run.state === "awaiting-approval" && approval) {
    const { id, tool } = approval;
    const url = `${base}/ui/approvals`;
    return [textPart(`A person has to approve a call of ${tool}: ${url}`), dataPart({ approval: id, tool, url })];
  }
  if (run.state === "failed" && run.failure) return [textPart(`${run.failure.code}: ${run.failure.message}`)];
  if (taskStateOf(run.state) !== TaskState.TASK_STATE_INPUT_REQUIRED) return [];
  return [textPart(`A person has to decide how the run continues: ${base}/ui/runs/${run.id}`)];
}

/** `below` is the run for which the task waits, if that one needs a person. */
export function statusOf(run: RunDetail, place: Place, below: RunDetail | undefined): TaskStatus {
  const waiting = below ?? run;
  const parts = statusParts(waiting, place);
  return {
    state: taskStateOf(waiting.state),
    message: parts.length === 0 ? undefined : agentMessage(waiting, waiting.state, place, parts),
    timestamp: run.ended_at ?? run.started_at ?? run.created_at,
  };
}

/** The parts of the answer: its text, and as data if it has a schema. */
export const answerParts = ({ output, output_json: json }: RunDetail): Part[] => [
  ...(output === "" ? [] : [textPart(output)]),
  ...(json === null ? [] : [dataPart(json)]),
];

function artifactsOf(run: RunDetail, files: readonly ArtifactSummary[], { base }: Place): Artifact[] {
  const parts = run.state === "completed" ? answerParts(run) : [];
  return [...(parts.length === 0 ? [] : [answerArtifact(parts)]), ...files.map((file) => fileArtifact(file, base))];
}

/** The messages of the client, oldest first. */
function historyOf(run: RunDetail, { taskId, contextId }: Place, firstId: string | null): Message[] {
  const messages = [{ text: run.input, client_message_id: firstId }, ...run.inputs];
  return messages.map(({ text, client_message_id: id }, index) => ({
    messageId: id ?? `${run.id}-input-${index + 1}`,
    contextId,
    taskId,
    role: Role.ROLE_USER,
    parts: [textPart(text)],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  }));
}

export type TaskDetail = {
  /** The run that began the task. */
  readonly first: RunDetail;
  readonly below: RunDetail | undefined;
  readonly files: readonly ArtifactSummary[];
  /** Number of the newest messages to show; undefined: all. */
  readonly historyLength?: number | undefined;
};

/** A run as a task. */
export function taskOf(run: RunDetail, place: Place, { first, below, files, historyLength }: TaskDetail): Task {
  const history = historyOf(run, place, first.client_message_id);
  return {
    id: place.taskId,
    contextId: place.contextId,
    status: statusOf(run, place, below),
    artifacts: artifactsOf(run, files, place),
    history: historyLength === undefined ? history : historyLength === 0 ? [] : history.slice(-historyLength),
    metadata: {
      [METADATA]: {
        agent: run.agent,
        revision: run.revision,
        model: run.model,
        input_tokens: run.input_tokens,
        output_tokens: run.output_tokens,
        cost: run.cost,
      },
    },
  };
}
