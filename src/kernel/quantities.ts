import * as z from "zod";

/** Turns a model may take in one run; 1 to 1,000. */
export const StepsMax = z.int().min(1).max(1_000).brand<"StepsMax">();

const KIB = 1024;
const MIB = 1024 * KIB;

/** Sizes and counts that bound what one caller can make the server hold. Each refusal names its limit. */
export const LIMITS = {
  /** One agent definition file. As much is read and checked within 50 ms. */
  definitionBytesMax: 256 * KIB,
  /** A JSON request body. */
  bodyBytesMax: 4 * MIB,
  /** A client that began a request's body and sends nothing more. */
  bodySilenceMs: 60_000,
  /** An exported run that is played again. */
  exportBytesMax: 64 * MIB,
  /** The request text of a run. */
  inputBytesMax: 1 * MIB,
  /** One uploaded file; configurable as `files.upload_bytes_max`. */
  uploadBytesMax: 256 * MIB,
  /** Files attached to one run. */
  uploadsPerRunMax: 16,
  /** One artifact. */
  artifactBytesMax: 16 * MIB,
  /** Runs executing at once; more wait in `queued`. */
  runsConcurrentMax: 64,
  /** Runs waiting in `queued` before new ones are refused. */
  runsQueuedMax: 10_000,
  /** Delegations between a run and the root of its tree. */
  delegationDepthMax: 5,
  /** Runs below one root. */
  delegationsMax: 50,
  /** Hand-offs from one agent to another while one request is answered. */
  handoffsMax: 8,
  /** Reason of a hand-off. */
  handoffReasonCharsMax: 1_000,
  /** Characters of the id that a client gives a message of a thread. */
  clientMessageIdCharsMax: 200,
  /** Turns of one thread, over all its branches. */
  threadTurnsMax: 10_000,
  /** Beginning of each message and answer that a search finds. */
  searchedCharsMax: 32_768,
  /** Messages of one thread that wait for the run in progress. */
  threadQueueMax: 16,
  /** Files of one branch of a thread that tools may read, the newest ones. */
  threadFilesMax: 256,
  /** Tool calls a model may ask for in one turn. */
  toolCallsPerTurnMax: 32,
  /** Text of one tool result that a model is shown; the rest is cut and said to be. */
  toolResultCharsMax: 32_000,
  /** Maximum bytes of one image that a model receives. */
  imageBytesMax: 5 * MIB,
  /** Maximum images in one request to a model, the newest ones; older ones are only named. */
  imagesPerRequestMax: 20,
  /** Maximum bytes of all images in one request to a model. */
  imagesBytesMax: 20 * MIB,
  /** Programs registered in one workspace. */
  participantsMax: 10_000,
  /** Triggers of one workspace. */
  triggersMax: 10_000,
  /** The body of a webhook that starts a run. */
  hookBodyBytesMax: 1 * MIB,
  /** Events of one trigger that wait for its runs. */
  triggerEventsWaitingMax: 100,
  /** One file that fires a trigger; no more than files.upload_bytes_max. */
  triggerFileBytesMax: 64 * MIB,
  /** Files that match the pattern of one trigger. */
  triggerFilesMax: 10_000,
  /** Entries of folders that triggers look at in a second. */
  triggerEntriesPerPoll: 5_000,
  /** Bytes of files that triggers read in a second, but for the last file. */
  triggerBytesPerPoll: 128 * MIB,
  /** Events of one trigger that are kept, with their runs, in its history. An event that comes again is recognized as long as it is kept. */
  triggerEventsKeptMax: 1_000,
  /** Webhooks of one workspace. */
  webhooksMax: 100,
  /** Deliveries of one webhook that are not delivered yet. Further events are left out until there is room. */
  webhookQueueMax: 10_000,
  /** Events of one webhook whose deliveries are kept after they ended. */
  webhookDeliveriesKeptMax: 10_000,
  /** Attempts of one webhook at the same time. */
  webhookAttemptsMax: 4,
  /** Attempts of the webhooks of one workspace at the same time: slow targets of one leave room for others. */
  webhookAttemptsWorkspaceMax: 16,
  /** Attempts of all webhooks at the same time. */
  webhookAttemptsAllMax: 64,
  /** Receivers of the notifications of one run. */
  notificationsPerRunMax: 10,
  /** Bytes of a response to a delivery that are read. */
  webhookResponseBytesMax: 16 * 1024,
  /** Bytes of the content of an event; without its content an event is smaller than 8 KiB. */
  webhookContentBytesMax: 256 * 1024,
  /** The card of an agent of another system. */
  remoteCardBytesMax: 256 * KIB,
  /** One response of an agent of another system, with the files in it. */
  remoteResponseBytesMax: 32 * MIB,
  /** Files of one message to or from an agent of another system. */
  remoteFilesMax: 16,
  /** Bytes of all files of one message to an agent of another system. */
  remoteFilesBytesMax: 16 * MIB,
  /** Agents of other systems in one workspace. */
  remoteAgentsMax: 1_000,
  /** Tasks of one agent of another system that have not ended; further messages wait in its mailbox. */
  remoteTasksMax: 1_000,
  /** Requests to one agent of another system about its tasks at the same time. */
  remoteRequestsMax: 4,
  /** Requests to all agents of other systems about their tasks at the same time. */
  remoteRequestsAllMax: 64,
  /** Events waiting for a slow reader before its stream is cut (it resumes by Last-Event-ID). */
  streamEventsMax: 4_096,
  /** Text waiting for a slow reader before its stream is cut. */
  streamTextCharsMax: 1 * MIB,
  /** Lines of tools' logs waiting for a slow reader; more are left out. */
  streamLogLinesMax: 500,
  /**
   * Characters of a running turn that are retained for clients that join late; a longer text is read when the
   * turn has ended.
   */
  draftCharsMax: 1 * MIB,
  /** Pieces of a model's answer on their way to the worker of its run, before the model is read no further. */
  workerPartsMax: 64,
  /** How long the worker of a run that is stopped may take to notice; then it is ended. */
  workerStopMs: 2_000,
  /** Workers that a run may lose before it fails; after each loss it resumes from its journal in a new one. */
  workerLossesMax: 3,
  /**
   * Maximum runs and other changes that a client of `/api/v1/events` receives after a gap; above it, the client has to
   * reload all state.
   */
  replayMax: 1_000,
  /** Changes of agents and tool servers that are kept for readers who come back. */
  changesKeptMax: 10_000,
  /** Names that one message is addressed to; more are reached by a capability, a topic or broadcast. */
  messageReceiversMax: 256,
  /** Messages that a message names as having led to it. */
  messageTrailMax: 64,
  /** Crashes of the server in which one delivery was the only one in flight; then it is a dead letter. */
  deliveryCrashesMax: 3,
  /** Of why an attempt to deliver failed, in the history that a dead letter keeps. */
  failureReasonCharsMax: 500,
  /** Content above it travels as a reference to where it is kept. */
  contentInlineBytesMax: 64 * KIB,
  /** How long an answer is kept for a request that comes again with the same `Idempotency-Key`. */
  idempotencyKeysMs: 86_400_000,
  /** Texts that wait to be made into vectors before others are refused. */
  embeddingTextsWaitingMax: 10_000,
  /** Maximum concurrent exports of memory. */
  memoryExportsMax: 4,
  /** Maximum concurrent imports into memory. */
  memoryImportsMax: 2,
  /** One import into memory. */
  memoryImportBytesMax: 16 * 1024 * MIB,
  /** How long a question of `ask_user` waits for an answer, unless its call says otherwise. */
  questionMs: 86_400_000,
  questionMsMax: 30 * 86_400_000,
  /** The dialogue that a caller sends with a request. */
  transcriptMessagesMax: 10_000,
  transcriptCharsMax: 4 * MIB,
  /** Text that a caller adds to a system prompt. */
  instructionsCharsMax: 256 * KIB,
  /** Tools that the caller of a run provides. */
  clientToolsMax: 64,
  /** Names, descriptions and schemas of these tools together. */
  clientToolsBytesMax: 64 * KIB,
  /** How long a call waits for its result from the caller, unless the tool says otherwise. */
  clientToolMs: 600_000,
  clientToolMsMax: 86_400_000,
  /** How far ahead a message's deadline or end may be. */
  messageTtlMsMax: 366 * 86_400_000,
} as const;
