import { suggester } from "../../../text/documents/index.ts";
import { type Clock } from "../../../kernel/clock.ts";
import { type Address, type Message, type MessageError } from "../../acl/index.ts";
import { type Recipient, type Recipients } from "../mailboxes/index.ts";
import { type Directory, failure, type Provider, type RouterOptions } from "../ports/index.ts";
import { type DescribedCapability } from "./capability-embeddings.ts";
import { relatedCapabilities } from "./related.ts";
import { type Candidate, candidateOf, choose, healthOf, type ProviderStats } from "./strategies.ts";
import { compareVersions, fitsVersion } from "./versions.ts";

/** Whom a message goes to. */
export type Route =
  /** `isShared`: published rather than sent to them; one who has no room does not keep it from the others. */
  | { readonly type: "found"; readonly recipients: readonly Recipient[]; readonly isShared: boolean }
  /** The message is stored, and its sender is notified. */
  | { readonly type: "unroutable"; readonly error: MessageError }
  /** It should not have been sent. */
  | { readonly type: "refused"; readonly error: MessageError };

export type AddressingParts = {
  readonly recipients: Recipients;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly options: RouterOptions;
  /** Names of those who want what is published under this topic; the sender may be among them. */
  readonly subscribers: (message: Message, topic: string) => Iterable<string>;
  /** From 0 up to 1. */
  readonly chance: () => number;
};

/** Performatives that one provider answers; the others inform all. */
const TO_ONE: ReadonlySet<string> = new Set([
  "request",
  "request-when",
  "request-whenever",
  "query-if",
  "query-ref",
  "subscribe",
  "proxy",
]);

type ToCapability = Extract<Address, { type: "capability" }>;

/** The providers of a capability, by version; computed again when `providers` is another array. */
type Group = {
  readonly providers: readonly Provider[];
  readonly names: ReadonlySet<string>;
  readonly candidates: readonly Candidate[];
  /** Those of each version that was asked for. */
  readonly byVersion: Map<string, readonly Candidate[]>;
  turn: number;
};

/**
 * From a message's address to mailboxes.
 * addressing.A1. A sender gets nothing of its own: named it is refused, else it is left out.
 * addressing.A2. Of a version asked for, then of each fallback in order, the first that an available agent provides
 *   is taken.
 * addressing.A3. Who is inactive, unhealthy, draining, paused, or behind an open breaker, is not chosen.
 * addressing.A4. Of a capability taken for its meaning any version will do: the one asked for is of another
 *   capability.
 */
export class Addressing {
  readonly #parts: AddressingParts;
  readonly #seen: ProviderStats;
  readonly #groups = new Map<string, Group>();

  constructor(parts: AddressingParts) {
    this.#parts = parts;
    this.#seen = { clock: parts.clock, stats: parts.recipients.stats };
  }

  route(message: Message): Route {
    const { address } = message;
    switch (address.type) {
      case "receivers":
        return this.#toNames(message, address.names);
      case "capability":
        return this.#toCapability(message, address);
      case "topic":
        return this.#toMany(message, this.#parts.subscribers(message, address.topic), `topic ${address.topic}`);
      case "broadcast":
        return this.#toMany(message, this.#parts.directory.names(message.workspace), "this broadcast");
    }
  }

  #toNames(message: Message, names: readonly string[]): Route {
    const { recipients, options } = this.#parts;
    const [first = ""] = names;
    const isOne = names.length === 1 && first !== message.sender;
    const alone = isOne ? recipients.find(message.workspace, first)?.alone : undefined;
    if (alone !== undefined) return { type: "found", recipients: alone, isShared: false };
    if (names.length > options.recipientsMax) return tooMany(names.length, options.recipientsMax);
    const found = new Set<Recipient>();
    const unknown: string[] = [];
    for (const name of names) {
      if (name === message.sender) return { type: "refused", error: toItself(name) };
      const recipient = recipients.find(message.workspace, name);
      if (recipient === undefined) unknown.push(name);
      else found.add(recipient);
    }
    return unknown.length === 0
      ? { type: "found", recipients: [...found], isShared: false }
      : { type: "unroutable", error: this.#notFound(message.workspace, unknown) };
  }

  #notFound(workspace: string, unknown: readonly string[]): MessageError {
    const near = [...new Set(unknown.flatMap(suggester(this.#parts.directory.names(workspace))))].slice(0, NEAR_MAX);
    const hint = near.length > 0 ? `Did you mean ${near.join(", ")}?` : "`caxton agent list` shows who is there.";
    return failure("AGENT_NOT_FOUND", `there is no agent or participant ${unknown.join(", ")}`, {
      hint,
      details: { names: [...unknown], near },
    });
  }

  #toCapability(message: Message, address: ToCapability): Route {
    const { chance, options } = this.#parts;
    const { clock, stats } = this.#seen;
    const { version, fallbackVersions, nearest: taken } = address;
    const group = this.#group(message.workspace, taken?.capability ?? address.capability);
    const asked = version === undefined || taken !== undefined ? ANY : [version, ...fallbackVersions];
    for (const each of asked) {
      const candidates = others(ofVersion(group, each), message.sender, group);
      if (TO_ONE.has(message.performative)) {
        group.turn += 1;
        const strategy = address.strategy ?? options.strategy;
        const chosen = choose(candidates, strategy, { clock, stats, chance, turn: group.turn });
        if (chosen !== undefined) return { type: "found", recipients: chosen.recipient.alone, isShared: false };
        continue;
      }
      const fit = candidates.filter((candidate) => healthOf(candidate, this.#seen) > 0);
      if (fit.length > options.recipientsMax) return tooMany(fit.length, options.recipientsMax);
      if (fit.length > 0) return { type: "found", recipients: fit.map(({ recipient }) => recipient), isShared: false };
    }
    return { type: "unroutable", error: this.#noProviders(message.workspace, address, group) };
  }

  /** Whether an agent other than the sender provides it, available or not. */
  isProvided({ workspace, sender }: Message, capability: string): boolean {
    return this.#parts.directory.providers(workspace, capability).some(({ name }) => name !== sender);
  }

  /** What others than the sender provide who are fit to work. */
  provided({ workspace, sender }: Message): readonly DescribedCapability[] {
    const { directory } = this.#parts;
    const found: DescribedCapability[] = [];
    for (const capability of directory.capabilities(workspace)) {
      const group = this.#group(workspace, capability);
      if (!others(group.candidates, sender, group).some((candidate) => healthOf(candidate, this.#seen) > 0)) continue;
      found.push({ capability, descriptions: directory.descriptions(workspace, capability) });
    }
    return found;
  }

  #group(workspace: string, capability: string): Group {
    const { directory, recipients } = this.#parts;
    const providers = directory.providers(workspace, capability);
    const key = workspace === "default" ? capability : `${workspace}/${capability}`;
    const known = this.#groups.get(key);
    if (known?.providers === providers) return known;
    const candidates = providers
      .map((provider) => candidateOf(provider, recipients.open(workspace, provider.name)))
      .toSorted((one, other) => compareVersions(other.provider.version, one.provider.version));
    const names = new Set(providers.map(({ name }) => name));
    const group = { providers, names, candidates, byVersion: new Map(), turn: known?.turn ?? 0 };
    if (providers.length > 0) this.#groups.set(key, group);
    else this.#groups.delete(key);
    return group;
  }

  #noProviders(workspace: string, { capability, version, fallbackVersions }: ToCapability, group: Group): MessageError {
    const { directory } = this.#parts;
    const known = [...directory.capabilities(workspace)];
    const related = relatedCapabilities(
      capability,
      known.filter((name) => name !== capability),
    ).map((name) => ({ capability: name, providers: directory.providers(workspace, name).length }));
    const unfit = group.candidates.filter((candidate) => healthOf(candidate, this.#seen) === 0);
    const versions = [...new Set(group.providers.map((provider) => provider.version))];
    const asked = version === undefined ? capability : `${capability} ${[version, ...fallbackVersions].join(" or ")}`;
    const names = unfit.map(({ provider }) => `${provider.name} (${stateOf(provider)})`);
    const why = names.length > 0 ? `; not fit to work: ${names.join(", ")}` : "";
    const hint =
      related.length > 0
        ? `Related: ${related.map(({ capability: name, providers }) => `${name} (${providers})`).join(", ")}.`
        : "`caxton capability list` shows who can what.";
    return failure("NO_CAPABILITY_PROVIDERS", `no agent provides ${asked}${why}`, {
      hint,
      details: { capability, version: version ?? null, versions, related },
    });
  }

  /** A1. */
  #toMany(message: Message, names: Iterable<string>, what: string): Route {
    const { recipients, options } = this.#parts;
    const found: Recipient[] = [];
    for (const name of names) {
      if (name === message.sender) continue;
      const recipient = recipients.find(message.workspace, name);
      if (recipient !== undefined) found.push(recipient);
      if (found.length > options.recipientsMax) return tooMany(found.length, options.recipientsMax);
    }
    if (found.length > 0) return { type: "found", recipients: found, isShared: true };
    return { type: "unroutable", error: failure("NO_SUBSCRIBERS", `there is no subscriber for ${what}`) };
  }
}

/** Names that an unknown one may have meant. */
const NEAR_MAX = 10;

const ANY: readonly undefined[] = [undefined];

/** Copies only when the sender is among them. */
const others = (candidates: readonly Candidate[], sender: string, { names }: Group): readonly Candidate[] =>
  names.has(sender) ? candidates.filter(({ provider }) => provider.name !== sender) : candidates;

/** Versions that are asked for come from outside: no more than so many are remembered. */
const VERSIONS_MAX = 64;

function ofVersion({ candidates, byVersion }: Group, version: string | undefined): readonly Candidate[] {
  if (version === undefined || candidates.length === 0) return candidates;
  const known = byVersion.get(version);
  if (known !== undefined) return known;
  if (byVersion.size >= VERSIONS_MAX) byVersion.clear();
  const found = fitting(candidates, version);
  byVersion.set(version, found);
  return found;
}

function fitting(candidates: readonly Candidate[], version: string): readonly Candidate[] {
  const exact = candidates.filter(({ provider }) => provider.version === version);
  if (exact.length > 0) return exact;
  return candidates.filter(({ provider }) => fitsVersion(provider.version, version));
}

const stateOf = ({ status }: Provider): string => (status === "active" ? "failing" : status);

const tooMany = (count: number, max: number): Route => ({
  type: "refused",
  error: failure("TOO_MANY_RECIPIENTS", `it would go to ${count} recipients; at most ${max} may get one message`),
});

const toItself = (name: string): MessageError =>
  failure("SENDER_IS_RECEIVER", `${name} sends to itself`, {
    hint: "Name another participant; notes of an agent to itself belong in its memory.",
    details: { name },
  });
