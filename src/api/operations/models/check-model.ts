import type { Clock } from "../../../kernel/clock.ts";
import { isJsonObject, parseJson } from "../../../kernel/json.ts";
import type {
  LanguageModel,
  ModelFailure,
  ModelFailureClass,
  ModelPart,
  ModelRequest,
  ModelUsage,
} from "../../../models/port/index.ts";
import type { ModelCheck } from "../../contract/index.ts";

/** One check may take this long: a local model may have to be loaded first. */
const CHECK_MS = 60_000;
/** Models that think count their thoughts into the answer. */
const ANSWER_TOKENS_MAX = 2_000;

type Answer = {
  readonly text: string;
  readonly calls: readonly string[];
  readonly end:
    | { readonly type: "finish"; readonly usage: ModelUsage }
    | { readonly type: "error"; readonly failure: ModelFailure };
  readonly firstPartMs: number;
  readonly durationMs: number;
};

/** Whether a model answers, calls a tool, and answers in a form: three small requests. Never throws for what the model does. */
export async function checkModel(
  model: LanguageModel,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly ModelCheck[]> {
  const ask = (request: Partial<ModelRequest>) => take(model, clock, { ...PLAIN, ...request }, signal);
  const plain = await ask({ messages: [{ role: "user", text: "Reply with the one word OK." }] });
  const answer = checkOf("answer", plain, ({ text }) => (text.trim() === "" ? "it gave no text" : undefined));
  if (answer.state === "failed") return [answer, skipped("tools"), skipped("structured")];
  const called = await ask({
    messages: [{ role: "user", text: "What is the weather in Paris? Call the tool get_weather." }],
    tools: [WEATHER],
  });
  const tools = checkOf("tools", called, ({ calls }) =>
    calls.includes("get_weather") ? undefined : "it did not call the tool it was asked to call",
  );
  const formed = await ask({
    messages: [{ role: "user", text: 'Paris has 2 million people. Answer with JSON only: {"city": …, "millions": …}' }],
    answerSchema: CITY,
  });
  const structured = checkOf("structured", formed, ({ text }) => {
    const parsed = parseJson(text.replaceAll(/^\s*```(?:json)?|```\s*$/g, ""));
    const fits = parsed.type === "parsed" && isJsonObject(parsed.value) && typeof parsed.value["city"] === "string";
    return fits ? undefined : "its answer was not the JSON it was asked for";
  });
  return [answer, tools, structured];
}

const PLAIN: ModelRequest = {
  system: "You are checked for whether you work. Be as brief as you can.",
  messages: [],
  tools: [],
  settings: { temperature: undefined, outputTokensMax: ANSWER_TOKENS_MAX, headers: {}, timeoutMs: CHECK_MS },
};

const WEATHER = {
  name: "get_weather",
  description: "The weather of a city.",
  inputSchema: {
    type: "object",
    properties: { city: { type: "string", description: "Name of the city" } },
    required: ["city"],
    additionalProperties: false,
  },
};

const CITY = {
  type: "object",
  properties: { city: { type: "string" }, millions: { type: "number" } },
  required: ["city", "millions"],
  additionalProperties: false,
};

async function take(
  model: LanguageModel,
  clock: Clock,
  ...[request, signal]: [ModelRequest, AbortSignal]
): Promise<Answer> {
  let begunMs = clock.monotonicMs();
  let firstPartMs: number | undefined;
  const parts: ModelPart[] = [];
  for await (const part of model.stream(request, signal)) {
    // Its turn within the limits of the provider's key; what it waits for that is no time of the model's.
    if (part.type === "hold") continue;
    if (part.type === "admitted") {
      begunMs = clock.monotonicMs();
      continue;
    }
    firstPartMs ??= clock.monotonicMs() - begunMs;
    parts.push(part);
  }
  const durationMs = clock.monotonicMs() - begunMs;
  const end = parts.find((part) => part.type === "finish" || part.type === "error");
  return {
    text: parts.map((part) => (part.type === "text-delta" ? part.text : "")).join(""),
    calls: parts.flatMap((part) => (part.type === "tool-call" ? [part.call.name] : [])),
    end: end?.type === "finish" || end?.type === "error" ? end : { type: "error", failure: NO_END },
    firstPartMs: firstPartMs ?? durationMs,
    durationMs,
  };
}

const NO_END: ModelFailure = {
  class: "bad_response",
  message: "the stream ended without saying that it was finished",
  status: undefined,
  retryAfterMs: undefined,
};

export const NOTHING = { first_part_ms: null, duration_ms: null, input_tokens: null, output_tokens: null };

const skipped = (check: ModelCheck["check"]): ModelCheck => ({
  check,
  state: "skipped",
  note: "not asked, because it does not answer",
  fix: "",
  ...NOTHING,
});

/** `complain` says what is wrong with an answer that came, if anything is. */
function checkOf(
  check: ModelCheck["check"],
  answer: Answer,
  complain: (answer: Answer) => string | undefined,
): ModelCheck {
  const { end, firstPartMs, durationMs } = answer;
  const times = { first_part_ms: firstPartMs, duration_ms: durationMs };
  if (end.type === "error") {
    const { class: kind, message } = end.failure;
    return { check, state: "failed", note: `${kind}: ${message}`, fix: ADVICE[kind] ?? "", ...NOTHING, ...times };
  }
  const { inputTokens, outputTokens } = end.usage;
  const measured = { ...times, input_tokens: inputTokens ?? null, output_tokens: outputTokens ?? null };
  const complaint = complain(answer);
  if (complaint !== undefined) return { check, state: "failed", note: complaint, fix: UNABLE[check], ...measured };
  return { check, state: "ok", note: DONE[check], fix: "", ...measured };
}

const DONE = {
  embedding: "it makes vectors",
  answer: "it answers",
  tools: "it calls tools",
  structured: "it answers in the form that is asked for",
} as const;

const UNABLE = {
  embedding: "Choose another for memory.",
  answer: "Try another model; this one may be for something else than answering.",
  tools:
    "Give this model only to agents without tools, or serve it with tool calling on (vLLM: --enable-auto-tool-choice).",
  structured: "Do without [output] in definitions that use this model, or choose another for them.",
} as const;

/** What can be done about a failure; of others the message says all. */
const ADVICE: { readonly [Class in ModelFailureClass]?: string } = {
  rate_limited: "Wait, or raise the limit at the provider.",
  overloaded: "The provider is overloaded. Retry later.",
  auth: "Check the key: caxton model providers says which variable is read. A key may also lack credit or access to this model.",
  invalid_request: "Check the model's name at the provider, and options under [llm] or models.providers.",
  context_too_long: "The model's context is too small for even this; choose another.",
  content_filtered: "The provider's filter refused a harmless request; check its settings.",
  timeout: "The provider did not answer in time; a local model may still be loading, so try again.",
  network: "Check the address and that something listens there; caxton model providers says where it is expected.",
  bad_response: "What answers there does not speak this protocol as expected; check base_url and the provider's type.",
  circuit_open: "The circuit is open after repeated failures. Retry later.",
  queue_full: "Too many requests to it wait already; try again in a while.",
};
