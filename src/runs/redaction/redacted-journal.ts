import { isJsonObject, type JsonObject } from "../../kernel/json.ts";
import type { EventOf, RunEvent, RunFailure, RunJournal, TranscriptMessage } from "../record/index.ts";
import type { Redactor } from "../../text/redaction/index.ts";
import { redactedCall } from "./redacted-model.ts";
import type { Redactors } from "./redactors.ts";

/** A journal that stores only redacted content; a reader sees the same now and after a restart. */
export const redactedJournal = (journal: RunJournal, { journal: redactor }: Redactors): RunJournal => ({
  append: (entries, when) =>
    journal.append(
      entries.map((entry) => ({ ...entry, event: redactedEvent(entry.event, redactor) })),
      when,
    ),
  read: (...which) => journal.read(...which),
  summary: (id) => journal.summary(id),
  predecessor: (id) => journal.predecessor(id),
  spent: (id) => journal.spent(id),
  tag: (id, tags) =>
    journal.tag(
      id,
      tags.map((tag) => redactor.text(tag)),
    ),
  list: (query) => journal.list(query),
  madeFrom: (id) => journal.madeFrom(id),
  below: (id) => journal.below(id),
  unfinished: () => journal.unfinished(),
  inState: (state) => journal.inState(state),
  past: (id) => journal.past(id),
  keepPast: (id, past) => journal.keepPast(id, past),
  counts: (workspace) => journal.counts(workspace),
});

/** Names, ids and numbers stay; what people, models and tools wrote is gone through. */
function redactedEvent(event: RunEvent, redactor: Redactor): RunEvent {
  const text = (given: string): string => redactor.text(given);
  const failure = (given: RunFailure): RunFailure => ({
    ...given,
    message: text(given.message),
    hint: text(given.hint),
  });
  switch (event.type) {
    case "run-queue":
      return redactedQueue(event, redactor);
    case "model-end":
      return { ...event, content: redactedTurn(event.content, redactor) };
    case "context-summary":
      return { ...event, degraded: text(event.degraded), content: { text: text(event.content.text) } };
    case "model-fail":
      return { ...event, message: text(event.message), content: event.content && { text: text(event.content.text) } };
    case "model-choice-wait":
      return { ...event, failure: failure(event.failure) };
    case "output-reject":
      return { ...event, problems: event.problems.map(text) };
    case "tool-start":
      return { ...event, content: { arguments: redactor.json(event.content.arguments) } };
    case "tool-end": {
      const { content, artifacts } = event;
      return {
        ...event,
        artifacts: artifacts.map((each) => ({ ...each, name: text(each.name) })),
        content: { text: text(content.text), structured: redactor.json(content.structured) },
      };
    }
    case "run-ask":
      return { ...event, content: { ...event.content, message: text(event.content.message) } };
    case "run-answer":
      return { ...event, content: { answer: objectOf(event.content.answer, redactor) } };
    case "reply-wait":
      return { ...event, content: event.content && redactedAsk(event.content, redactor) };
    case "reply-end": {
      const { content } = event;
      return { ...event, content: { text: text(content.text), structured: redactor.json(content.structured) } };
    }
    case "approval-ask":
      return { ...event, content: { arguments: objectOf(event.content.arguments, redactor) ?? {} } };
    case "approval-answer":
      return {
        ...event,
        note: text(event.note),
        content: { arguments: objectOf(event.content.arguments, redactor) },
      };
    case "run-input":
      return { ...event, content: { text: text(event.content.text) } };
    case "run-complete":
      return redactedEnd(event, text);
    case "run-fail":
      return { ...event, failure: failure(event.failure) };
    case "run-cancel":
      return { ...event, reason: text(event.reason) };
    case "tool-rest":
    case "run-start":
    case "model-start":
    case "model-throttle":
    case "model-choose":
    case "tool-hold":
    case "tool-begin":
    case "run-wait":
    case "run-decide":
    case "run-suspend":
    case "run-resume":
      return event;
  }
}

const redactedEnd = (
  { handedTo, content, ...event }: EventOf<"run-complete">,
  text: (given: string) => string,
): RunEvent => ({
  ...event,
  ...(handedTo && { handedTo: { ...handedTo, reason: text(handedTo.reason) } }),
  content: { output: text(content.output) },
});

type Asked = NonNullable<Extract<RunEvent, { type: "reply-wait" }>["content"]>;

function redactedAsk(asked: Asked, redactor: Redactor): Asked {
  switch (asked.kind) {
    case "client-tool":
      return { ...asked, arguments: objectOf(asked.arguments, redactor) ?? {} };
    case "sign-in":
      return { ...asked, message: redactor.text(asked.message) };
    case "elicitation":
      return redactedElicitation(asked, redactor);
    case "question":
      return {
        ...asked,
        question: redactor.text(asked.question),
        options: asked.options.map((option) => redactor.text(option)),
        schema: objectOf(asked.schema, redactor) ?? {},
      };
  }
}

/** The state of the request stays: its server accepts it only unchanged. */
const redactedElicitation = (
  { round, ...asked }: Extract<Asked, { kind: "elicitation" }>,
  redactor: Redactor,
): Asked => ({
  ...asked,
  message: redactor.text(asked.message),
  schema: objectOf(asked.schema, redactor),
  round: {
    ...round,
    requests: objectOf(round.requests, redactor) ?? {},
    responses: objectOf(round.responses, redactor) ?? {},
  },
});

const redactedMessage = <Message extends Redactable>(message: Message, redactor: Redactor): Message => ({
  ...message,
  text: redactor.text(message.text),
  ...(message.role === "assistant" && { calls: message.calls.map((call) => redactedCall(call, redactor)) }),
});

type Redactable =
  | Pick<Extract<TranscriptMessage, { role: "assistant" }>, "role" | "text" | "calls">
  | Pick<Exclude<TranscriptMessage, { role: "assistant" }>, "role" | "text">;

/** Redacts a message as the journal does. */
export const messageRedactor =
  ({ journal }: Redactors) =>
  <Message extends Redactable>(message: Message): Message =>
    redactedMessage(message, journal);

type Turn = Extract<RunEvent, { type: "model-end" }>["content"];

const redactedTurn = (turn: Turn, redactor: Redactor): Turn => ({
  ...turn,
  text: redactor.text(turn.text),
  reasoning: turn.reasoning === undefined ? undefined : redactor.text(turn.reasoning),
  toolCalls: turn.toolCalls.map((call) => redactedCall(call, redactor)),
});

function objectOf(given: JsonObject | null, redactor: Redactor): JsonObject | null {
  const redacted = redactor.json(given);
  return isJsonObject(redacted) ? redacted : null;
}

type QueueEvent = Extract<RunEvent, { readonly type: "run-queue" }>;
type Request = QueueEvent["content"];

const redactedQueue = ({ tags, content, ...event }: QueueEvent, redactor: Redactor): QueueEvent => ({
  ...event,
  ...(event.handedFrom && { handedFrom: { ...event.handedFrom, reason: redactor.text(event.handedFrom.reason) } }),
  ...(tags && { tags: tags.map((tag) => redactor.text(tag)) }),
  content: redactedRequest(content, redactor),
});

function redactedRequest(
  { input, system, prompt, recalled, variables, clientTools, transcript, instructions }: Request,
  redactor: Redactor,
): Request {
  const redacted = variables && objectOf(variables, redactor);
  return {
    input: redactor.text(input),
    system: redactor.text(system),
    prompt: redactor.text(prompt),
    ...(recalled !== undefined && { recalled: redactor.text(recalled) }),
    ...(redacted && { variables: redacted }),
    ...(clientTools && { clientTools }),
    ...(transcript && { transcript: transcript.map((message) => redactedMessage(message, redactor)) }),
    ...(instructions !== undefined && { instructions: redactor.text(instructions) }),
  };
}
