import { ArtifactId, mint, type RunId } from "../../kernel/ids.ts";
import { type Artifact, artifactLine, type ArtifactStore, type RunArtifact } from "../record/index.ts";
import {
  type LanguageModel,
  type ModelPart,
  type ModelRequest,
  type ModelRole,
  type ModelUsage,
} from "../../models/port/index.ts";
import { failedCall, type ToolCall, type ToolResult, type ToolRunner } from "../../tools/catalogue/index.ts";
import type { MemoryJournal } from "./memory-journal.ts";
import { callsOf, type ModelOutcome, modelOutcomes, type Recording, summariesOf } from "./recording.ts";

type RecordedCall = ReturnType<typeof callsOf>[number];
type PlayerDeps = {
  readonly recording: Recording;
  readonly journal: MemoryJournal;
  /** The recording holds no more than what was played. */
  readonly onEnd: (why: string) => void;
};

const FAIL_FOR_GOOD_MS = Number.MAX_SAFE_INTEGER;

/** Models that say what was said, attempt by attempt, and write the summaries that were written. */
export class RecordedModel {
  readonly #deps: PlayerDeps;

  constructor(deps: PlayerDeps) {
    this.#deps = deps;
  }

  /** A stand-in for a model of this server, under its name. */
  standIn({ id, limits }: Pick<LanguageModel, "id" | "limits">, role?: ModelRole): LanguageModel {
    const stream = role === "summarizing" ? this.#summary.bind(this, id) : this.#turn.bind(this);
    return { id, limits, stream: (_request: ModelRequest, signal) => stream(signal) };
  }

  /** Recorded output of the same attempt of the turn. */
  async *#turn(signal: AbortSignal): AsyncGenerator<ModelPart> {
    const { journal, recording } = this.#deps;
    const last = journal.entries.findLast(({ event }) => event.type === "model-start");
    const turn = last?.event.type === "model-start" ? last.event.step : 1;
    const outcome = modelOutcomes(recording.entries, turn)[modelOutcomes(journal.entries, turn).length];
    yield* outcome ? partsOf(outcome) : this.#end(`turn ${turn} of the model is not in the recording`, signal);
  }

  async *#summary(id: string, signal: AbortSignal): AsyncGenerator<ModelPart> {
    const { journal, recording } = this.#deps;
    const made = summariesOf(recording.entries)[summariesOf(journal.entries).length];
    if (made === undefined) yield* this.#end("a summary is not in the recording", signal);
    // Excerpts replace the summary then, and they are made again.
    else if (made.model === "") {
      const failed = failure("bad_response", made.degraded.replace(`${id}: `, ""), FAIL_FOR_GOOD_MS);
      yield { ...failed, usage: usageOf(made) };
    } else {
      const text = made.degraded === "" ? made.content.text : "";
      if (text !== "") yield { type: "text-delta", text };
      yield { type: "finish", reason: "stop", usage: usageOf(made) };
    }
  }

  async *#end(why: string, signal: AbortSignal): AsyncGenerator<ModelPart> {
    this.#deps.onEnd(why);
    await aborted(signal);
    yield failure("cancelled", "the recording ends here", FAIL_FOR_GOOD_MS);
  }
}

const NOT_FOUND = 404;

function* partsOf(outcome: ModelOutcome): Generator<ModelPart> {
  if (outcome.type === "model-fail") {
    const { class: kind, message, retryInMs, next } = outcome;
    // The status is not in the journal: of invalid requests, only those for an unknown model continue with a
    // backup.
    const status = kind === "invalid_request" && typeof next === "string" ? NOT_FOUND : undefined;
    const usage = outcome.usage && usageOf({ usage: outcome.usage });
    if (outcome.content !== undefined) yield { type: "text-delta", text: outcome.content.text };
    yield { ...failure(kind, message, retryInMs ?? FAIL_FOR_GOOD_MS, status), usage };
    return;
  }
  const { text, reasoning, toolCalls, providerMetadata } = outcome.content;
  if (reasoning !== undefined) yield { type: "reasoning-delta", text: reasoning };
  if (text !== "") yield { type: "text-delta", text };
  for (const { mediaType, bytes } of outcome.artifacts ?? [])
    yield { type: "file", mediaType, data: new Uint8Array(bytes) };
  for (const call of toolCalls) yield { type: "tool-call", call };
  yield {
    type: "finish",
    reason: outcome.finish,
    usage: usageOf(outcome),
    ...(providerMetadata && { providerMetadata }),
  };
}

const usageOf = ({ usage }: Pick<Extract<ModelOutcome, { type: "model-end" }>, "usage">): ModelUsage => ({
  inputTokens: usage.inputTokens,
  outputTokens: usage.outputTokens,
  cachedInputTokens: usage.cachedInputTokens,
  cacheWriteTokens: usage.cacheWriteTokens,
  reasoningTokens: usage.reasoningTokens,
});

const failure = (
  kind: Extract<ModelOutcome, { type: "model-fail" }>["class"],
  message: string,
  retryAfterMs: number,
  status?: number,
) => ({ type: "error", failure: { class: kind, message, status, retryAfterMs } }) satisfies ModelPart;

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** Tools that this server has, with the results they gave when it was recorded. */
export class ToolPlayer implements ToolRunner {
  readonly #deps: PlayerDeps;
  readonly #servers: ToolRunner["servers"];

  constructor(deps: PlayerDeps, servers: ToolRunner["servers"]) {
    this.#deps = deps;
    this.#servers = servers;
  }

  servers(): ReturnType<ToolRunner["servers"]> {
    return this.#servers();
  }

  async call(call: ToolCall, signal: AbortSignal): Promise<ToolResult> {
    const { journal, recording, onEnd } = this.#deps;
    const begun = journal.entries.find(({ event }) => event.type === "tool-start" && event.callId === call.id);
    const turn = begun?.event.type === "tool-start" ? begun.event.step : 0;
    const place = callsOf(journal.entries, turn).findIndex(({ start }) => start.callId === call.id);
    const recorded = callsOf(recording.entries, turn)[place]?.end;
    if (recorded === undefined) {
      onEnd(`the result of ${call.server}.${call.tool} in turn ${turn} is not in the recording`);
      await aborted(signal);
      return failedCall("cancelled", "the recording ends here");
    }
    const { outcome, fuel, memoryBytes, durationMs } = recorded;
    const content = { ...recorded.content, text: stripNote(recording, recorded) };
    const usage = { fuel, memoryBytes, durationMs };
    if (outcome !== "done") return { type: "failed", reason: outcome, message: content.text, usage };
    const kept = recorded.artifacts.find((artifact) => artifact.kept === true);
    const text = kept ? await this.#whole(kept, content.text) : content.text;
    const made = recorded.artifacts.filter((artifact) => artifact.kept !== true);
    return { type: "done", content: splitAtFiles(text, made), structured: content.structured ?? undefined, usage };
  }

  /** A result that was too long to be shown whole. */
  async #whole({ id }: RunArtifact, preview: string): Promise<string> {
    const { artifacts, read } = this.#deps.recording;
    const artifact = artifacts.find((each) => each.id === id);
    if (artifact === undefined) return preview;
    return read(artifact).then(
      (bytes) => Buffer.from(bytes).toString("utf8"),
      () => preview,
    );
  }

  logs(): readonly [] {
    return [];
  }

  endSession(): void {}
}

/** A result without what a person said to its call, which stands before it and is put there again. */
function stripNote({ entries }: Recording, { callId, content }: NonNullable<RecordedCall["end"]>): string {
  const said = entries.some(
    ({ event }) =>
      event.type === "approval-answer" &&
      event.callId === callId &&
      (event.note !== "" || event.content.arguments !== null),
  );
  return said ? content.text.replace(NOTE, "") : content.text;
}
const NOTE = /^\(A person [^\n]*\)\n/;

/** The parts of a result that was shown as this text: the lines that stand for files are files again. */
function splitAtFiles(text: string, files: readonly RunArtifact[]): Extract<ToolResult, { type: "done" }>["content"] {
  const parts: Extract<ToolResult, { type: "done" }>["content"][number][] = [];
  let rest: string | undefined = text;
  for (const file of files) {
    const line = artifactLine(file);
    const at: number = rest?.indexOf(line) ?? -1;
    if (rest === undefined || at < 0) break;
    if (at > 0) parts.push({ type: "text", text: rest.slice(0, at - 1) });
    parts.push({ type: "bytes", name: file.name, mediaType: file.mediaType, bytes: new Uint8Array(file.bytes) });
    rest = at + line.length < rest.length ? rest.slice(at + line.length + 1) : undefined;
  }
  return rest === undefined ? parts : [...parts, { type: "text", text: rest }];
}

/** Gives the files that were made when it was recorded; writes nothing. */
export class ArtifactPlayer implements ArtifactStore {
  readonly #recording: Recording;
  readonly #left: Artifact[];
  readonly #saved: Artifact[] = [];

  constructor(recording: Recording) {
    this.#recording = recording;
    this.#left = [...recording.artifacts];
  }

  async save(runId: RunId, file: Parameters<ArtifactStore["save"]>[1]): Promise<Artifact> {
    const bytes = "text" in file ? Buffer.byteLength(file.text) : file.bytes.length;
    const { name, mediaType } = file;
    const fits = [
      (each: Artifact) => each.name === name,
      (each: Artifact) => each.mediaType === mediaType && each.bytes === bytes,
    ];
    const at = fits.map((fit) => this.#left.findIndex(fit)).find((place) => place >= 0);
    const [known] = at === undefined ? [] : this.#left.splice(at, 1);
    const saved = known ?? { id: mint(ArtifactId), runId, name, mediaType, bytes, createdAtMs: 0, path: "" };
    this.#saved.push(saved);
    return saved;
  }

  async copy(artifact: Artifact): Promise<Artifact> {
    return artifact;
  }

  async discard(): Promise<void> {}

  fileOf(artifact: Artifact): ReturnType<ArtifactStore["fileOf"]> {
    return { ...artifact, location: artifact.path };
  }

  find(id: ArtifactId): Artifact | undefined {
    return this.#recording.artifacts.find((each) => each.id === id) ?? this.#recording.find?.(id);
  }

  ofRun(): readonly Artifact[] {
    return this.#saved;
  }

  read(artifact: Artifact): Promise<Uint8Array> {
    return this.#recording.read(artifact);
  }
}
