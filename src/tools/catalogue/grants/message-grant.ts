/** Messages a tool server may send in the name of the agent whose run calls it. */
export type MessageGrant = {
  /** Acts such as `inform`; `*` is any. */
  readonly performatives: readonly string[];
  /** Names of receivers; `*` stands for any characters. */
  readonly receivers: readonly string[];
  /** Capabilities whose providers it may write to; `*` stands for any characters. */
  readonly capabilities: readonly string[];
  /** Topics; `*` stands for one word, `#` for any number, as in subscriptions. */
  readonly topics: readonly string[];
  /** Whether it may write to every agent of the workspace. */
  readonly broadcast: boolean;
  /** Messages of this grant in a minute, for all calls of the server in a workspace together. */
  readonly perMinute: number;
};

/** Whom a message is for. */
export type MessageTarget =
  | { readonly type: "receivers"; readonly names: readonly string[] }
  | { readonly type: "capability"; readonly capability: string }
  | { readonly type: "topic"; readonly topic: string }
  | { readonly type: "broadcast" };

const ANY = "*";
const BROADCAST = "everybody:";
const CAPABILITY = "capability:";
const TOPIC = "topic:";

/** Whether the grant allows it, whatever was sent before. Of several receivers each must be allowed. */
export function messageGrantAllows(grant: MessageGrant, performative: string, target: MessageTarget): boolean {
  if (!allowsAct(grant, performative)) return false;
  switch (target.type) {
    case "receivers":
      return target.names.length > 0 && target.names.every((name) => allowsName(grant.receivers, name));
    case "capability":
      return allowsName(grant.capabilities, target.capability);
    case "topic":
      return allowsTopic(grant.topics, target.topic);
    case "broadcast":
      return grant.broadcast;
  }
}

/** Whether `wide` allows all that `narrow` allows with this performative and to these receivers, as many times. */
export const messageGrantCovers = (wide: MessageGrant, narrow: MessageGrant, performative: string): boolean =>
  (performative === ANY ? wide.performatives.includes(ANY) : allowsAct(wide, performative)) &&
  wide.perMinute >= narrow.perMinute &&
  narrow.receivers.every((name) => allowsName(wide.receivers, name)) &&
  narrow.capabilities.every((capability) => allowsName(wide.capabilities, capability)) &&
  narrow.topics.every((topic) => allowsTopic(wide.topics, topic)) &&
  (wide.broadcast || !narrow.broadcast);

/** A grant apart for each of the places that it names. */
export const placesOf = (grant: MessageGrant): readonly MessageGrant[] => {
  const none = { ...grant, receivers: [], capabilities: [], topics: [], broadcast: false };
  return [
    ...grant.receivers.map((name) => ({ ...none, receivers: [name] })),
    ...grant.capabilities.map((capability) => ({ ...none, capabilities: [capability] })),
    ...grant.topics.map((topic) => ({ ...none, topics: [topic] })),
    ...(grant.broadcast ? [{ ...none, broadcast: true }] : []),
  ];
};

/** As people read it: "send inform or request to ops-*, capability:translate (at most 60 a minute)". */
export function messageGrantWords({ performatives, perMinute, ...grant }: MessageGrant): string {
  const acts = performatives.includes(ANY) ? "any message" : performatives.join(" or ");
  const places = [
    ...grant.receivers,
    ...grant.capabilities.map((capability) => CAPABILITY + capability),
    ...grant.topics.map((topic) => TOPIC + topic),
    ...(grant.broadcast ? ["all agents"] : []),
  ];
  return `send ${acts} to ${places.join(", ")} (at most ${perMinute} a minute)`;
}

/** A target as the audit has it. */
export function targetWords(target: MessageTarget): string {
  switch (target.type) {
    case "receivers":
      return target.names.join(", ");
    case "capability":
      return CAPABILITY + target.capability;
    case "topic":
      return TOPIC + target.topic;
    case "broadcast":
      return BROADCAST;
  }
}

/** Back from its words. */
export function targetIn(words: string): MessageTarget {
  if (words === BROADCAST) return { type: "broadcast" };
  if (words.startsWith(CAPABILITY)) return { type: "capability", capability: words.slice(CAPABILITY.length) };
  if (words.startsWith(TOPIC)) return { type: "topic", topic: words.slice(TOPIC.length) };
  return { type: "receivers", names: words.split(", ") };
}

const allowsAct = ({ performatives }: MessageGrant, performative: string): boolean =>
  performatives.includes(ANY) || performatives.includes(performative);

const NAME_WORDS = { many: "*", one: undefined };
const TOPIC_WORDS = { many: "#", one: "*" };

const allowsName = (patterns: readonly string[], name: string): boolean =>
  patterns.some((pattern) => matches(Array.from(pattern.toLowerCase()), Array.from(name.toLowerCase()), NAME_WORDS));

const allowsTopic = (patterns: readonly string[], topic: string): boolean =>
  patterns.some((pattern) => matches(pattern.split("."), topic.split("."), TOPIC_WORDS));

type Wildcards = { readonly many: string; readonly one: string | undefined };

/**
 * Whether a pattern takes all that `given` stands for, which may hold wildcards itself: one that is `many` is only taken by
 * such a one. Takes time of the product of both lengths at most.
 */
function matches(pattern: readonly string[], given: readonly string[], { many, one }: Wildcards): boolean {
  const takes = (part: string | undefined, unit: string): boolean =>
    part === unit ? unit !== many : part !== undefined && part === one && unit !== many;
  let [at, back, mark] = [0, -1, 0];
  for (let i = 0; i < given.length;) {
    const unit = given[i] ?? "";
    if (pattern[at] === many) {
      [back, mark] = [at, i];
      at += 1;
    } else if (takes(pattern[at], unit)) {
      [at, i] = [at + 1, i + 1];
    } else if (back >= 0) {
      // The last wildcard takes one more.
      mark += 1;
      [at, i] = [back + 1, mark];
    } else {
      return false;
    }
  }
  while (pattern[at] === many) at += 1;
  return at === pattern.length;
}
