import { createHash } from "node:crypto";
import { parseDuration } from "../../text/documents/index.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import type { RunId } from "../../kernel/ids.ts";
import { JsonObject } from "../../kernel/json.ts";
import {
  type Artifact,
  Detacher,
  diffRuns,
  isTerminal,
  type JournalEntry,
  type Retention,
  type RunEvent,
  type RunStep,
  type TimeTravel,
} from "../../runs/index.ts";
import type * as contract from "../contract/index.ts";
import type { AskedIds } from "./asked-ids.ts";
import { instant, presentStep, presentSummary } from "./present-run.ts";
import { DEFAULT_WORKSPACE, getRun, type RunServices, type StartedRun, summaryOf } from "./run-operations.ts";
import type { ServerFacts } from "./system-operations.ts";

export type HistoryServices = RunServices & {
  readonly retention: Retention;
  readonly timeTravel: TimeTravel;
  readonly facts: ServerFacts;
};

/** Deletes an ended run with all it holds. Throws RunNotFoundError, RunNotEndedError, storage errors. */
export const deleteRun = ({ retention }: HistoryServices, id: RunId): Promise<void> => retention.delete(id);

const COUNTED_MAX = 1_000_000;

export class PruneAgeError extends CaxtonError<{ readonly given: string }> {
  readonly code = "PRUNE_AGE_INVALID";
  readonly kind = "invalid";
}

/** Deletes runs that ended longer ago than that, or counts them. Throws PruneAgeError, storage errors. */
export async function pruneRuns(
  { retention }: HistoryServices,
  { older_than, dry_run }: { readonly older_than: string; readonly dry_run: boolean },
): Promise<{ runs: number; dry_run: boolean }> {
  const ageMs = parseDuration(older_than);
  if (ageMs === undefined)
    throw new PruneAgeError(`"${older_than}" is no age`, 'Write one such as "30d", "12h" or "90m".', {
      given: older_than,
    });
  const runs = dry_run
    ? retention.pastAge(DEFAULT_WORKSPACE, ageMs, COUNTED_MAX).length
    : await retention.prune(DEFAULT_WORKSPACE, ageMs);
  return { runs, dry_run };
}

/** A new run that goes on from a step of another. Throws RunNotFoundError, RunStepNotFoundError and what starting a run throws. */
export const forkRun = (
  { timeTravel }: HistoryServices,
  id: RunId,
  { at, input, model, revision }: contract.ForkBody,
  asked?: AskedIds,
): Promise<StartedRun> => timeTravel.fork(id, { at, input, model, revision }, asked?.run());

/** The same request once more. Throws RunNotFoundError and what starting a run throws. */
export const retryRun = (
  { timeTravel }: HistoryServices,
  id: RunId,
  { latest }: { readonly latest: boolean },
  asked?: AskedIds,
): Promise<StartedRun> => timeTravel.retry(id, { latest }, asked?.run());

/** Two runs side by side. Throws RunNotFoundError. */
export function compareRuns(services: RunServices, a: RunId, b: RunId): contract.RunDiff {
  const [left, right] = [services.runs.view(a), services.runs.view(b)];
  const { same, differences, steps } = diffRuns(left, right);
  const shown = (step: RunStep | undefined, view: typeof left) =>
    step === undefined ? null : presentStep(step, isTerminal(view.state));
  return {
    a: presentSummary(summaryOf(services, a)),
    b: presentSummary(summaryOf(services, b)),
    same,
    differences: [...differences],
    steps: steps.map((pair) => ({
      a: shown(pair.a, left),
      b: shown(pair.b, right),
      differences: [...pair.differences],
    })),
  };
}

/** All there is of a run in one document; its format is described in docs/guides/runs.md. Throws RunNotFoundError, storage errors. */
export async function exportRun(
  services: HistoryServices,
  id: RunId,
  { artifacts }: { readonly artifacts: boolean },
): Promise<contract.RunExport> {
  getRun(services, id);
  const contents: { [hash: string]: string } = {};
  const put = (text: string) => {
    const hash = createHash("sha256").update(text).digest("base64url");
    contents[hash] = text;
    return hash;
  };
  const journal = services.journal.read(id, 0).map((entry) => ({
    seq: entry.seq,
    at: instant(entry.atMs),
    event: exportedEvent(entry, new Detacher(put)),
  }));
  const files: contract.RunExport["artifacts"] = [];
  for (const each of services.artifacts.ofRun(id)) files.push(await exportedArtifact(services, each, artifacts));
  return {
    format: "caxton.run",
    version: 1,
    exported_at: new Date().toISOString(),
    server: services.facts.version,
    run: presentSummary(summaryOf(services, id)),
    journal,
    contents,
    artifacts: files,
  };
}

/** Where a run's files are on this server is nobody's business elsewhere. */
const withoutPlaces = (event: RunEvent): RunEvent =>
  event.type === "run-queue" ? { ...event, files: event.files.map((file) => ({ ...file, location: "" })) } : event;

function exportedEvent({ event }: JournalEntry, detacher: Detacher): JsonObject {
  const shown = withoutPlaces(event);
  // As it is on disk: what JSON leaves out is not there.
  const parsed: unknown = JSON.parse(
    JSON.stringify(
      "content" in shown && shown.content !== undefined ? { ...shown, content: detacher.detach(shown.content) } : shown,
    ),
  );
  return JsonObject.parse(parsed);
}

async function exportedArtifact({ artifacts }: RunServices, artifact: Artifact, whole: boolean) {
  const { id, name, mediaType, bytes } = artifact;
  const data = whole ? Buffer.from(await artifacts.read(artifact)).toString("base64") : null;
  return { id, name, media_type: mediaType, bytes, data };
}
