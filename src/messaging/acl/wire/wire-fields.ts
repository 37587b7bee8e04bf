import { parseDuration } from "../../../text/documents/index.ts";
import { type MessageId } from "../../../kernel/ids.ts";
import { isJsonObject, type Json, type JsonObject } from "../../../kernel/json.ts";
import { LIMITS } from "../../../kernel/quantities.ts";
import {
  DURABILITIES,
  type Durability,
  PERFORMATIVES,
  type NearestCapability,
  type Performative,
  PRIORITIES,
  type Priority,
  ROUTING_STRATEGIES,
  type RoutingStrategy,
} from "../message.ts";

export const WORD_CHARS_MAX = 256;
/** A participant's name: 1 to 256 visible characters, no spaces. Other platforms write `agent@platform`. */
export const NAME = /^[^\s\p{Cc}\p{Cf}\p{Cs}]{1,256}$/u;
/** Any other word of the envelope: 1 to 256 printable characters. */
export const WORD = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,256}$/u;
export const HASH = /^[0-9a-f]{64}$/;

/** Under this key alone content is a reference to an artifact. */
export const ARTIFACT_KEY = "$artifact";
export const VERSIONS_MAX = 16;
export const HOPS_MAX = 1_000;
export const ERROR_TEXT_CHARS_MAX = 10_000;

/** What almost all words are. To look for another character by such a pattern takes a third of a loop over them. */
const [PLAIN_NAME, PLAIN_WORD] = [/^[!-~]+$/, /^[ -~]+$/];
const isShort = (text: string): boolean => text.length <= WORD_CHARS_MAX;
export const isName = (value: unknown): value is string =>
  typeof value === "string" && ((isShort(value) && PLAIN_NAME.test(value)) || NAME.test(value));
export const isWord = (value: unknown): value is string =>
  typeof value === "string" && ((isShort(value) && PLAIN_WORD.test(value)) || WORD.test(value));
export const isCapability = (value: unknown): value is string => isWord(value) && value === value.toLowerCase();

// Lengths and places are looked at apart: counted in a pattern, they take half as long again.
const UUID = /^[0-9a-f]+-[0-9a-f]+-[1-8][0-9a-f]+-[89ab][0-9a-f]+-[0-9a-f]+$/;
const NO_HEX = /[^0-9a-f]/;
const DASH = 45;

/** A message id in its canonical, lower-case spelling: a UUID of any version from 1 to 8. */
export const isMessageId = (value: unknown): value is MessageId =>
  typeof value === "string" &&
  value.length === 36 &&
  value.charCodeAt(8) === DASH &&
  value.charCodeAt(13) === DASH &&
  value.charCodeAt(18) === DASH &&
  value.charCodeAt(23) === DASH &&
  UUID.test(value);

const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);
export const isTraceId = (value: unknown): value is string =>
  typeof value === "string" && value.length === 32 && !NO_HEX.test(value) && value !== NO_TRACE;
export const isSpanId = (value: unknown): value is string =>
  typeof value === "string" && value.length === 16 && !NO_HEX.test(value) && value !== NO_SPAN;

const TRACE_STATE = /^[ -~]{1,512}$/;
export const isTraceState = (value: unknown): value is string => typeof value === "string" && TRACE_STATE.test(value);

const performatives: ReadonlySet<unknown> = new Set(PERFORMATIVES);
const priorities: ReadonlySet<unknown> = new Set(PRIORITIES);
const durabilities: ReadonlySet<unknown> = new Set(DURABILITIES);
const strategies: ReadonlySet<unknown> = new Set(ROUTING_STRATEGIES);
export const isPerformative = (value: unknown): value is Performative => performatives.has(value);
export const isPriority = (value: unknown): value is Priority => priorities.has(value);
export const isDurability = (value: unknown): value is Durability => durabilities.has(value);
export const isStrategy = (value: unknown): value is RoutingStrategy => strategies.has(value);

const isWhole = (value: unknown, max: number): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;

export const isFlags = (value: unknown): value is number => isWhole(value, 255);
export const isHops = (value: unknown): value is number => isWhole(value, HOPS_MAX);

const isList = <Item>(value: unknown, max: number, is: (item: unknown) => item is Item): value is readonly Item[] =>
  Array.isArray(value) && value.length <= max && value.every((item) => is(item));

/** Names of receivers: one, or up to 256 and none twice. */
export const isReceiver = (value: unknown): value is string | readonly string[] =>
  typeof value === "string"
    ? isName(value)
    : isList(value, LIMITS.messageReceiversMax, isName) && value.length > 0 && new Set(value).size === value.length;
export const isVersions = (value: unknown): value is readonly string[] => isList(value, VERSIONS_MAX, isWord);
export const isConversations = (value: unknown): value is readonly string[] =>
  isList(value, LIMITS.messageTrailMax, isWord);

export const SIGNATURE = /^[A-Za-z0-9_-]{86}$/;
export const KEY_ID = /^[A-Za-z0-9_-]{43}$/;
export const isSignature = (value: unknown): value is string => typeof value === "string" && SIGNATURE.test(value);
export const isKeyId = (value: unknown): value is string => typeof value === "string" && KEY_ID.test(value);

const INSTANT = /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const INSTANT_CHARS_MAX = 40;

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const daysIn = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;

// Messages that are read back come many in a millisecond, each with its time and its deadline: the last two are known.
let newer: { readonly text: string; readonly ms: number | undefined } = { text: "", ms: undefined };
let older = newer;

/** Epoch milliseconds of an ISO 8601 instant with its zone; undefined when the text is not an instant. */
export function parseInstant(text: string): number | undefined {
  if (text === newer.text) return newer.ms;
  if (text === older.text) return older.ms;
  if (text.length > INSTANT_CHARS_MAX) return undefined;
  older = newer;
  newer = { text, ms: readInstant(text) };
  return newer.ms;
}

function readInstant(text: string): number | undefined {
  const [, year = "", month = "", day = ""] = INSTANT.exec(text) ?? [];
  // Date.parse takes February 30 for March 2.
  const isDay = day !== "" && Number(day) <= daysIn(Number(year), Number(month));
  const ms = isDay ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

export const isInstant = (value: unknown): value is string =>
  typeof value === "string" && parseInstant(value) !== undefined;

/** Milliseconds that a message lives, 1 to 366 days: a number, or text such as "30s". */
export function parseTtl(value: unknown): number | undefined {
  const ms = typeof value === "string" ? parseDuration(value) : value;
  return isWhole(ms, LIMITS.messageTtlMsMax) && ms > 0 ? ms : undefined;
}
export const isTtl = (value: unknown): value is string | number => parseTtl(value) !== undefined;

export type WireArtifact = {
  readonly id: string;
  readonly media_type: string;
  readonly bytes: number;
  readonly hash: string;
};

/** What stands under `$artifact`. */
export const isWireArtifact = (value: unknown): value is WireArtifact =>
  isJsonObject(value) &&
  Object.keys(value).length === 4 &&
  isWord(value["id"]) &&
  isWord(value["media_type"]) &&
  isWhole(value["bytes"], Number.MAX_SAFE_INTEGER) &&
  typeof value["hash"] === "string" &&
  HASH.test(value["hash"]);

/** Text, any other JSON, or a reference that is whole. */
export function isContent(value: Json | undefined): value is Json {
  if (typeof value !== "object" || value === null) return value !== undefined;
  if (!Object.hasOwn(value, ARTIFACT_KEY) || !isJsonObject(value)) return true;
  return Object.keys(value).length === 1 && isWireArtifact(value[ARTIFACT_KEY]);
}

type WireError = {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly details: JsonObject;
};

const isErrorText = (value: unknown): value is string =>
  typeof value === "string" && value.length <= ERROR_TEXT_CHARS_MAX;
export const isWireError = (value: unknown): value is WireError =>
  isJsonObject(value) &&
  Object.keys(value).length === 4 &&
  isWord(value["code"]) &&
  isErrorText(value["message"]) &&
  isErrorText(value["hint"]) &&
  isJsonObject(value["details"]);

type WireTrail = readonly { readonly sender: string; readonly receiver: string; readonly digest: string }[];

/** The capability that the router chose in place of one without a provider. */
export const isNearest = (value: unknown): value is NearestCapability =>
  isJsonObject(value) &&
  Object.keys(value).length === 2 &&
  isCapability(value["capability"]) &&
  typeof value["similarity"] === "number" &&
  value["similarity"] >= 0 &&
  value["similarity"] <= 1;

export const isTrail = (value: unknown): value is WireTrail => isList(value, LIMITS.messageTrailMax, isTrailEntry);
const isTrailEntry = (value: unknown): value is WireTrail[number] =>
  isJsonObject(value) &&
  Object.keys(value).length === 3 &&
  isName(value["sender"]) &&
  isName(value["receiver"]) &&
  isWord(value["digest"]);
