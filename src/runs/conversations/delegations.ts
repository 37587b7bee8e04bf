import { createHash } from "node:crypto";
import { KeyedMutex } from "../../kernel/async/keyed-mutex.ts";
import { ArtifactId, type RunId, uuidFrom } from "../../kernel/ids.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import {
  type ContentStore,
  filesOfMessage,
  isDelegation,
  letterOf,
  type Message,
  type MessageError,
  messageIdOf,
} from "../../messaging/acl/index.ts";
import { failure } from "../../messaging/router/index.ts";
import type { ReplyIndex, Runs } from "../lifecycle/index.ts";
import {
  ArtifactNotFoundError,
  type ArtifactStore,
  filesOf,
  PastRun,
  type RunArtifact,
  type RunFile,
  type RunJournal,
  type RunParent,
  type RunView,
  type UploadStore,
} from "../record/index.ts";
import { textOf } from "./content.ts";

export type DelegationsDeps = {
  readonly runs: Pick<Runs, "view">;
  readonly stores: {
    readonly journal: Pick<RunJournal, "below" | "past">;
    readonly replies: Pick<ReplyIndex, "find">;
    readonly uploads: Pick<UploadStore, "copy" | "release">;
    readonly artifacts: Pick<ArtifactStore, "ofRun" | "fileOf" | "copy" | "save">;
    /** Files of messages. */
    readonly contents: Pick<ContentStore, "fetch">;
  };
};

/** A message by which a run delegates: what the run below it gets, or why it gets nothing. */
export type Delegated =
  | {
      readonly type: "part";
      readonly parent: RunParent;
      readonly sideEffects: RunView["sideEffects"];
      readonly files: readonly RunFile[];
    }
  /** The run that delegated has ended, or has stopped waiting. */
  | { readonly type: "over" }
  | { readonly type: "refused"; readonly error: MessageError };

type Asked = { readonly replyWith: string; readonly agent: string; readonly request: string };
/** Reading one file of a message. */
const FILE_MS = 30_000;
type Refusal = Extract<Delegated, { type: "refused" }>;

/**
 * Runs below other runs.
 * conversations.delegations.D1. A tree of runs is at most `delegationDepthMax` deep and has at most
 *   `delegationsMax` runs below its root.
 * conversations.delegations.D2. No run is started for a run that has ended or stopped waiting.
 */
export class Delegations {
  readonly #deps: DelegationsDeps;
  /** Trees in which a run is being started, by their root. */
  readonly #starting = new KeyedMutex<RunId>();

  constructor(deps: DelegationsDeps) {
    this.#deps = deps;
  }

  /**
   * Does the work that a message starts: `work` receives what the run below gets, or undefined for a message that is not a
   * delegation. Runs below one root are started one after the other, so that they are counted.
   */
  async start<Result>(
    message: Message,
    recipient: string,
    work: (delegated: Delegated | undefined) => Promise<Result>,
  ): Promise<Result> {
    const { id: letter, replyWith, workspace, sender } = message;
    const wait =
      replyWith !== undefined && isDelegation(replyWith) ? this.#deps.stores.replies.find(replyWith) : undefined;
    // Only the message that the call itself sent has this id.
    if (wait?.workspace !== workspace || letter !== letterOf(wait.replyWith)) return work(undefined);
    if (wait.agent.toLowerCase() !== sender.toLowerCase()) return work(undefined);
    const { id, parent } = this.#deps.runs.view(wait.runId);
    const asked = { replyWith: wait.replyWith, agent: recipient, request: textOf(message.content) };
    return this.#starting.run(parent?.root ?? id, () => work(this.#of(id, asked)));
  }

  #of(requester: RunId, asked: Asked): Delegated | undefined {
    const asking = this.#deps.runs.view(requester);
    const reply = asking.replies.find(({ replyWith }) => replyWith === asked.replyWith);
    if (reply?.delegation === undefined) return undefined;
    if (reply.state !== "open") return { type: "over" };
    const root = asking.parent?.root ?? asking.id;
    const parent = { run: asking.id, root, depth: (asking.parent?.depth ?? 0) + 1 };
    return this.#refusalOf(asking, parent, asked) ?? this.#part(asking, parent, reply.delegation.files);
  }

  /** Whether the run that delegated by a message does not wait for it any more. */
  isOver({ replyWith }: Message): boolean {
    return (
      replyWith !== undefined && isDelegation(replyWith) && this.#deps.stores.replies.find(replyWith)?.state !== "open"
    );
  }

  /** Copies of files for the run below. Throws UploadNotFoundError, storage errors. */
  async copies(files: readonly RunFile[], workspace: string, runId: RunId): Promise<readonly RunFile[]> {
    const { uploads } = this.#deps.stores;
    // A crash before the run was there may have left some of them.
    if (files.length > 0) await uploads.release(runId);
    return Promise.all(files.map((file) => uploads.copy(file, { workspace, runId })));
  }

  /** The files that the run below created, as those of the run that delegated; for a repeated message the same ones. Throws storage errors. */
  async results(requester: RunId, answer: Pick<Message, "id">): Promise<readonly RunArtifact[]> {
    const { journal, artifacts } = this.#deps.stores;
    const below = journal.below(requester).find(({ id }) => messageIdOf(id, "answer") === answer.id);
    if (below === undefined) return [];
    const kept = new Set(
      this.#deps.runs
        .view(below.id)
        .steps.flatMap((step) => (step.kind === "tool" && step.end.state === "done" ? step.end.artifacts : []))
        .flatMap((made) => (made.kept === true ? [made.id] : [])),
    );
    const copies: RunArtifact[] = [];
    for (const made of artifacts.ofRun(below.id).filter(({ id }) => !kept.has(id))) {
      try {
        const { id, name, mediaType, bytes } = await artifacts.copy(made, requester);
        copies.push({ id, name, mediaType, bytes });
      } catch (error) {
        // Its file was removed from the data directory.
        if (!(error instanceof ArtifactNotFoundError)) throw error;
      }
    }
    return copies;
  }

  /** The files of an answer as those of the run that asked; for a repeated message the same ones. Throws storage errors. */
  async files(
    requester: RunId,
    answer: Pick<Message, "id" | "workspace" | "parameters">,
  ): Promise<readonly RunArtifact[]> {
    const saved: RunArtifact[] = [];
    for (const [index, file] of filesOfMessage(answer).entries()) {
      const content = await this.#deps.stores.contents.fetch(answer.workspace, file, AbortSignal.timeout(FILE_MS));
      // It may have been deleted to make room.
      if (content === undefined) continue;
      const key = createHash("sha256").update(`${answer.id}\n${requester}\n${index}`).digest("hex");
      const made = { id: ArtifactId.parse(uuidFrom(key, "7")), name: file.name, mediaType: file.media_type };
      const { id, name, mediaType, bytes } = await this.#deps.stores.artifacts.save(requester, {
        ...made,
        bytes: content,
      });
      saved.push({ id, name, mediaType, bytes });
    }
    return saved;
  }

  #part(asking: RunView, parent: RunParent, named: readonly string[]): Delegated {
    const known = new Map(this.#filesOf(asking).map((file) => [file.name, file]));
    const missing = named.find((name) => !known.has(name));
    if (missing !== undefined) {
      const hint = `Its files: ${[...known.keys()].join(", ") || "none"}.`;
      return refused("RUN_FILE_NOT_FOUND", `the run has no file ${missing}`, hint);
    }
    return {
      type: "part",
      parent,
      sideEffects: asking.sideEffects,
      files: named.flatMap((name) => known.get(name) ?? []),
    };
  }

  #filesOf({ id, files, thread, handedFrom, transcript }: RunView): readonly RunFile[] {
    const { journal, artifacts } = this.#deps.stores;
    const before = thread === null ? handedFrom?.run : thread.parent;
    const past = before ? journal.past(before) : undefined;
    const earlier = past === undefined ? [] : (PastRun.safeParse(JSON.parse(past)).data?.files ?? []);
    return [
      ...earlier,
      ...filesOf(transcript ?? []),
      ...files,
      ...artifacts.ofRun(id).map((made) => artifacts.fileOf(made)),
    ];
  }

  #refusalOf(asking: RunView, { root, depth }: RunParent, asked: Asked): Refusal | undefined {
    const { delegationDepthMax, delegationsMax } = LIMITS;
    if (depth > delegationDepthMax)
      return refused(
        "DELEGATION_LIMIT",
        `run ${asking.id} is ${depth - 1} delegations below its root, the most there may be`,
        "Do the work without a further delegation.",
      );
    if (this.#deps.stores.journal.below(root).length >= delegationsMax)
      return refused(
        "DELEGATION_LIMIT",
        `there are ${delegationsMax} runs below run ${root}, the most there may be`,
        "Do the rest of the work without a further delegation.",
      );
    const path: string[] = [];
    for (let at: RunView | undefined = asking; at !== undefined;) {
      path.unshift(at.agent);
      if (at.agent.toLowerCase() === asked.agent.toLowerCase() && at.input === asked.request)
        return refused(
          "MESSAGE_CYCLE",
          `${at.agent} was asked for the same already: ${[...path, asked.agent].join(" → ")}`,
          "Delegate a part of the work, or do it.",
        );
      at = at.parent === null ? undefined : this.#deps.runs.view(at.parent.run);
    }
    return undefined;
  }
}

const refused = (code: Parameters<typeof failure>[0], message: string, hint: string): Refusal => ({
  type: "refused",
  error: failure(code, message, { hint }),
});
