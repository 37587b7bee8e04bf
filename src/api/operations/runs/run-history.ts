import { createHash } from "node:crypto";
import { runCallerOf } from "../../../access/index.ts";
import { parseDuration } from "../../../text/documents/index.ts";
import { CaxtonError } from "../../../kernel/errors.ts";
import { ContentDeduplicator } from "../../../kernel/content-deduplicator.ts";
import { JsonObject } from "../../../kernel/json.ts";
import {
  type Artifact,
  type ArtifactStore,
  isTerminal,
  type JournalEntry,
  type RunEvent,
} from "../../../runs/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import { implement } from "../perform.ts";
import { presentSummary } from "./present-run.ts";
import { presentStep } from "./present-step.ts";
import { getRun, ownRun, summaryOf } from "./stored-run.ts";
import { instant } from "../instant.ts";

/** Throws RunNotFoundError, RunNotEndedError, storage errors. */
const remove = implement(operations.run.delete, async ({ runs }, { id }, { admission }) => {
  await runs.retention.delete(ownRun(runs, admission, id));
  return null;
});

const COUNTED_MAX = 1_000_000;

export class PruneAgeError extends CaxtonError<{ readonly given: string }> {
  readonly code = "PRUNE_AGE_INVALID";
  readonly kind = "invalid";
}

/** Throws PruneAgeError, storage errors. */
const prune = implement(
  operations.run.prune,
  async ({ runs: { retention } }, { older_than, dry_run }, { principal: { workspace } }) => {
    const ageMs = parseDuration(older_than);
    if (ageMs === undefined)
      throw new PruneAgeError(`"${older_than}" is no age`, 'Write one such as "30d", "12h" or "90m".', {
        given: older_than,
      });
    const runs = dry_run
      ? retention.expiredRuns(workspace, ageMs, COUNTED_MAX).length
      : await retention.prune(workspace, ageMs);
    return { runs, dry_run };
  },
);

/** Throws RunNotFoundError, RunStepNotFoundError and what starting a run throws. */
const fork = implement(operations.run.fork, async ({ runs }, given, { asked, admission }) => {
  const { at, input, model, revision } = given;
  const { id } = await runs.timeTravel.fork(
    ownRun(runs, admission, given.id),
    { at, input, model, revision, caller: runCallerOf(admission.principal) },
    asked?.run(),
  );
  return getRun(runs, id);
});

/** Throws RunNotFoundError and what starting a run throws. */
const retry = implement(operations.run.retry, async ({ runs }, { id, latest }, { asked, admission }) => {
  const { id: started } = await runs.timeTravel.retry(
    ownRun(runs, admission, id),
    { latest, caller: runCallerOf(admission.principal) },
    asked?.run(),
  );
  return getRun(runs, started);
});

const compare = implement(operations.run.compare, ({ runs }, { id, other }, { admission }) => {
  const [a, b] = [ownRun(runs, admission, id), ownRun(runs, admission, other)];
  const { left, right, same, differences, steps } = runs.timeTravel.compare(a, b);
  return {
    a: presentSummary(summaryOf(runs, a)),
    b: presentSummary(summaryOf(runs, b)),
    same,
    differences: [...differences],
    steps: steps.map((pair) => ({
      a: pair.a === undefined ? null : presentStep(pair.a, isTerminal(left.state)),
      b: pair.b === undefined ? null : presentStep(pair.b, isTerminal(right.state)),
      differences: [...pair.differences],
    })),
  };
});

/** The format of the document is described in docs/guides/runs.md. Throws RunNotFoundError, storage errors. */
const exportRun = implement(operations.run.export, async ({ runs, server }, input, { admission }) => {
  const id = ownRun(runs, admission, input.id);
  const contents: { [hash: string]: string } = {};
  const put = (text: string) => {
    const hash = createHash("sha256").update(text).digest("base64url");
    contents[hash] = text;
    return hash;
  };
  const journal = runs.stores.journal.read(id, 0).map((entry) => ({
    seq: entry.seq,
    at: instant(entry.atMs),
    event: exportedEvent(entry, new ContentDeduplicator(put)),
  }));
  const files: contract.RunExport["artifacts"] = [];
  for (const each of runs.stores.artifacts.ofRun(id))
    files.push(await exportedArtifact(runs.stores.artifacts, each, input.artifacts === "true"));
  return {
    format: "caxton.run" as const,
    version: 1 as const,
    exported_at: new Date().toISOString(),
    server: server.version,
    run: presentSummary(summaryOf(runs, id)),
    journal,
    contents,
    // Earlier turns may be of agents that a limited grant does not cover.
    history: admission.isWhole ? runs.threads.history(id) : {},
    artifacts: files,
  };
});

/** Removes paths of the run's files on this server. */
const withoutPlaces = (event: RunEvent): RunEvent =>
  event.type === "run-queue"
    ? { ...event, files: event.files.map(withoutPlace), content: withoutPlacesIn(event.content) }
    : event;

const withoutPlace = <File extends { readonly location: string }>(file: File): File => ({ ...file, location: "" });

type Request = Extract<RunEvent, { type: "run-queue" }>["content"];

const withoutPlacesIn = (content: Request): Request => ({
  ...content,
  ...(content.transcript && {
    transcript: content.transcript.map((message) =>
      message.role === "user" ? { ...message, files: message.files.map(withoutPlace) } : message,
    ),
  }),
});

function exportedEvent({ event }: JournalEntry, detacher: ContentDeduplicator): JsonObject {
  const shown = withoutPlaces(event);
  // As it is on disk: what JSON leaves out is not there.
  const parsed: unknown = JSON.parse(
    JSON.stringify(
      "content" in shown && shown.content !== undefined ? { ...shown, content: detacher.detach(shown.content) } : shown,
    ),
  );
  return JsonObject.parse(parsed);
}

async function exportedArtifact(artifacts: ArtifactStore, artifact: Artifact, whole: boolean) {
  const { id, name, mediaType, bytes } = artifact;
  const data = whole ? Buffer.from(await artifacts.read(artifact)).toString("base64") : null;
  return { id, name, media_type: mediaType, bytes, data };
}

export const runHistoryOperations = [remove, prune, fork, retry, compare, exportRun] as const;
