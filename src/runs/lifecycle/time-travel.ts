import { mint, RunId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import { hasRight, intersection, type RunCaller } from "../../kernel/rights/run-caller.ts";
import {
  type Artifact,
  type ArtifactStore,
  diffRuns,
  type RunDiff,
  type RunEvent,
  type RunFile,
  type RunJournal,
  RunStepNotFoundError,
  type RunSummary,
  type RunView,
  type TranscriptMessage,
  type UploadStore,
} from "../record/index.ts";
import type { Runs } from "./runs.ts";
import type { StartRequest } from "./start-request.ts";
import { copyPrefix } from "./fork-prefix.ts";
import type { RunOutcome } from "./wait-until-settled.ts";

export type TimeTravelDeps = {
  readonly runs: Runs;
  readonly journal: RunJournal;
  readonly artifacts: ArtifactStore;
  readonly uploads: UploadStore;
};

export type ForkRequest = {
  /** The step to repeat, counted from 1. */
  readonly at: number;
  /** Each undefined: as in the run it is made from. */
  readonly input: string | undefined;
  readonly model: string | undefined;
  readonly revision: number | undefined;
  /** The caller whose permissions limit the fork, besides those of the run it is made from. */
  readonly caller: RunCaller | undefined;
};

export type MadeRun = { readonly id: RunId; readonly ended: Promise<RunOutcome> };

/**
 * Creates runs from other runs. Each has its own journal and files, independent of its origin. With an id that the
 * journal has, the existing run is returned and none is created. All methods throw RunNotFoundError,
 * UploadNotFoundError and the errors of `Runs.start`.
 */
export class TimeTravel {
  readonly #deps: TimeTravelDeps;

  constructor(deps: TimeTravelDeps) {
    this.#deps = deps;
  }

  /**
   * Creates a run that shares the steps before one and continues from there. Throws RunStepNotFoundError,
   * ArtifactNotFoundError.
   */
  async fork(
    runId: RunId,
    { at, input, model, revision, caller: own }: ForkRequest,
    id: RunId = mint(RunId),
  ): Promise<MadeRun> {
    const known = this.#known(id);
    if (known) return known;
    const view = this.#deps.runs.view(runId);
    const step = view.steps.find(({ index }) => index === at);
    if (!step) throw stepNotFound(view, at);
    const events = copyPrefix(this.#deps.journal.read(runId, 0), view.steps, step);
    const { system, prompt, recalled } = view;
    const request = requestOf(view, this.#deps.journal.summary(runId), own);
    const mayCopy = recalled === "" || hasRight(request.caller, "memory:read");
    const isRequested = input !== undefined || revision !== undefined || !mayCopy;
    return this.#start({ view, id, events }, (copied) => ({
      ...request,
      input: input ?? view.input,
      model: model ?? view.requestedModel ?? undefined,
      revision: revision ?? view.revision,
      from: {
        origin: { run: runId, kind: "fork", step: at },
        events: copied,
        prompts: isRequested ? undefined : { system, prompt, ...(recalled !== "" && { recalled }) },
      },
    }));
  }

  /** The same request once more, with the same files, on the revision it ran with or on the newest. */
  async retry(
    runId: RunId,
    { latest, caller }: { readonly latest: boolean; readonly caller: RunCaller | undefined },
    id: RunId = mint(RunId),
  ): Promise<MadeRun> {
    const known = this.#known(id);
    if (known) return known;
    const view = this.#deps.runs.view(runId);
    return this.#start({ view, id, events: [] }, () => ({
      ...requestOf(view, this.#deps.journal.summary(runId), caller),
      revision: latest ? undefined : view.revision,
      from: { origin: { run: runId, kind: "retry", step: null }, events: [], prompts: undefined },
    }));
  }

  /** Compares two runs step by step. */
  compare(a: RunId, b: RunId): RunDiff & { readonly left: RunView; readonly right: RunView } {
    const [left, right] = [this.#deps.runs.view(a), this.#deps.runs.view(b)];
    return { left, right, ...diffRuns(left, right) };
  }

  /** The run of this id, when it was made before. */
  #known(id: RunId): MadeRun | undefined {
    const { runs, journal } = this.#deps;
    return journal.summary(id) === undefined ? undefined : { id, ended: runs.waitUntilSettled(id) };
  }

  /** Starts the run with copies of the files and artifacts that it needs; if it is rejected, they are deleted. */
  async #start(
    { view, id, events }: { readonly view: RunView; readonly id: RunId; readonly events: readonly RunEvent[] },
    request: (events: readonly RunEvent[]) => Omit<StartRequest, "id" | "files">,
  ): Promise<MadeRun> {
    const { runs, uploads, artifacts } = this.#deps;
    // A crash before the run was there may have left some of them.
    if (artifacts.ofRun(id).length > 0) await this.#discard(id);
    try {
      const copy = (file: RunFile) => uploads.copy(file, { workspace: view.workspace, runId: id });
      const files: RunFile[] = [];
      for (const file of view.files) files.push(await copy(file));
      const transcript: TranscriptMessage[] = [];
      for (const message of view.transcript ?? []) transcript.push(await copiedMessage(message, copy));
      const own = await this.#withArtifacts(view.id, id, events);
      const { ended } = await runs.start({
        ...request(own),
        id,
        files,
        transcript: view.transcript === null ? undefined : transcript,
      });
      return { id, ended };
    } catch (error) {
      await this.#discard(id);
      throw error;
    }
  }

  /** The events with the artifacts they name replaced by copies. */
  async #withArtifacts(from: RunId, to: RunId, events: readonly RunEvent[]): Promise<readonly RunEvent[]> {
    const { artifacts } = this.#deps;
    const known = new Map(artifacts.ofRun(from).map((artifact) => [artifact.id, artifact]));
    const copied = async (artifact: Artifact | undefined) => artifact && (await artifacts.copy(artifact, to)).id;
    const own: RunEvent[] = [];
    for (const event of events) {
      if (event.type !== "tool-end" || event.artifacts.length === 0) own.push(event);
      else {
        const made = [];
        for (const each of event.artifacts) made.push({ ...each, id: (await copied(known.get(each.id))) ?? each.id });
        own.push({ ...event, artifacts: made });
      }
    }
    return own;
  }

  async #discard(id: RunId): Promise<void> {
    try {
      await this.#deps.uploads.release(id);
      await this.#deps.artifacts.discard(id);
    } catch (error) {
      log.warn({ err: error, run: id }, "files copied for a run that was refused could not be deleted");
    }
  }
}

async function copiedMessage(
  message: TranscriptMessage,
  copy: (file: RunFile) => Promise<RunFile>,
): Promise<TranscriptMessage> {
  if (message.role !== "user") return message;
  const files: RunFile[] = [];
  for (const file of message.files) files.push(await copy(file));
  return { ...message, files };
}

/** The request of a run. A turn of a thread becomes another branch of it: its model needs the turns before. */
const requestOf = (view: RunView, row: RunSummary | undefined, caller: RunCaller | undefined) => ({
  thread: row?.thread ? { ...row.thread, author: view.thread?.author ?? "" } : undefined,
  tags: row?.tags,
  // Its model needs the dialogue before the hand-off, within the same rules.
  handedFrom: view.handedFrom ?? undefined,
  caller: intersection(view.caller ?? undefined, caller),
  workspace: view.workspace,
  agent: view.agent,
  input: view.input,
  variables: view.variables ?? undefined,
  clientTools: view.clientTools,
  sideEffects: view.sideEffects,
  isTextOnly: view.isTextOnly,
  instructions: view.instructions,
  model: view.requestedModel ?? undefined,
  onModelFailure: view.onModelFailure,
  outputSchema: view.outputSchema ?? undefined,
});

const stepNotFound = ({ id, steps }: RunView, step: number): RunStepNotFoundError =>
  new RunStepNotFoundError(
    `run ${id} has no step ${step}`,
    steps.length === 0 ? "It has none yet." : `It has steps 1 to ${steps.length}: caxton run get ${id}`,
    { id, step },
  );
