import type { Admission } from "../../../access/index.ts";
import { AgentNotFoundError } from "../../../agents/definitions/index.ts";
import { CaxtonError } from "../../../kernel/errors.ts";
import { ArtifactId, mint, RunId } from "../../../kernel/ids.ts";
import { inlineContent } from "../../../kernel/content-deduplicator.ts";
import { type Artifact, type JournalEntry, type RunServices, RunEvent } from "../../../runs/index.ts";
import { operations, type RunExport, runHistory } from "../../contract/index.ts";
import type * as contract from "../../contract/index.ts";
import { implement } from "../perform.ts";
import { ownRun } from "./stored-run.ts";

type Recording = Parameters<RunServices["replay"]>[0];
type ReplayReport = Awaited<ReturnType<RunServices["replay"]>>;

/** An export that cannot be read back: cut, changed, or without the texts it refers to. */
export class ExportInvalidError extends CaxtonError<{ readonly problem: string }> {
  readonly code = "RUN_EXPORT_INVALID";
  readonly kind = "rejected";
}

/** Throws RunNotFoundError, AgentNotFoundError, RevisionNotFoundError. */
const replay = implement(operations.run.replay, async ({ runs }, { id: text, revision }, { admission }) => {
  const id = ownRun(runs, admission, text);
  const { journal, artifacts } = runs.stores;
  const recording: Recording = {
    entries: journal.read(id, 0),
    artifacts: artifacts.ofRun(id),
    read: (artifact) => artifacts.read(artifact),
    ...earlierRuns(runs, admission),
  };
  return presentReport(await runs.replay(recording, revision));
});

/**
 * Plays the run of an export in the caller's workspace, whatever the export names. Throws ExportInvalidError,
 * AgentNotFoundError, RevisionNotFoundError.
 */
const replayExport = implement(operations.run.replayExport, async ({ runs }, input, { admission }) => {
  const { revision, ...document } = input;
  const { workspace } = admission.principal;
  const { entries, read, ...recording } = recordingOf(document);
  const own = entries.map((entry) =>
    entry.event.type === "run-queue" ? { ...entry, event: { ...entry.event, workspace } } : entry,
  );
  for (const { event } of own)
    if (event.type === "run-queue" && !admission.covers("agents", event.agent))
      throw new AgentNotFoundError(workspace, event.agent, []);
  const earlier = earlierRuns(runs, admission);
  const played: Recording = {
    ...recording,
    entries: own,
    read: (artifact) => (artifact.path === "" ? read(artifact) : runs.stores.artifacts.read(artifact)),
    ...earlier,
    past: (id) => document.history?.[id] ?? earlier.past?.(id),
  };
  return presentReport(await runs.replay(played, revision));
});

/** What earlier runs of a thread left. An export can name any run, so each is checked. */
function earlierRuns(
  { stores: { journal, artifacts } }: RunServices,
  admission: Pick<Admission, "principal" | "covers">,
): Pick<Recording, "past" | "find"> {
  const isOwn = (id: RunId): boolean => {
    const run = journal.summary(id);
    return run?.workspace === admission.principal.workspace && admission.covers("agents", run.agent);
  };
  return {
    past: (id) => (isOwn(id) ? journal.past(id) : undefined),
    find: (id) => {
      const found = artifacts.find(id);
      return found && isOwn(found.runId) ? found : undefined;
    },
  };
}

const presentReport = ({ divergences, ...report }: ReplayReport): contract.ReplayReport => ({
  ...report,
  divergences: [...divergences],
});

function recordingOf(document: RunExport): Recording {
  const id = RunId.safeParse(document.run.id);
  const run = id.success ? id.data : mint(RunId);
  const data = new Map<string, string | null>(document.artifacts.map((each) => [each.id, each.data]));
  const artifacts = document.artifacts.flatMap((each): Artifact[] => {
    const artifact = ArtifactId.safeParse(each.id);
    const { name, media_type: mediaType, bytes } = each;
    return artifact.success
      ? [{ id: artifact.data, runId: run, name, mediaType, bytes, path: "", createdAtMs: 0 }]
      : [];
  });
  return {
    entries: document.journal.flatMap((each) => entryOf(document, each, run)),
    artifacts,
    read: async (artifact) => Buffer.from(data.get(artifact.id) ?? "", "base64"),
  };
}

/** An event of an export; nothing for one of a type that this version does not know. */
function entryOf(
  { contents }: RunExport,
  { seq, at, event }: RunExport["journal"][number],
  run: RunId,
): readonly JournalEntry[] {
  const { type, content } = runHistory.ExportedEvent.parse(event);
  if (!RunEvent.options.some(({ shape }) => shape.type.value === type)) return [];
  const textOf = (hash: string): string => {
    const text = contents[hash];
    if (text === undefined) throw invalid(`event ${seq} refers to a text that is not in contents: ${hash}`);
    return text;
  };
  const parsed = RunEvent.safeParse(content ? { ...event, content: inlineContent(content, textOf) } : event);
  if (!parsed.success) throw invalid(`event ${seq}, a ${type}, is not as this version writes it`);
  return [{ seq, runId: run, atMs: Date.parse(at), event: parsed.data }];
}

const invalid = (problem: string): ExportInvalidError =>
  new ExportInvalidError(`the export cannot be read: ${problem}`, "Export the run again: caxton run export <id>.", {
    problem,
  });

export const replayOperations = [replay, replayExport] as const;
