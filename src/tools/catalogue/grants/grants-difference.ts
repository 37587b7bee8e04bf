import { posix } from "node:path";
import type { FileGrant, Grants, HttpGrant, SecretGrant } from "./grants.ts";
import { type MemoryGrant, memoryGrantCovers, memoryGrantWords } from "./memory-grant.ts";
import { type MessageGrant, messageGrantCovers, messageGrantWords, placesOf } from "./message-grant.ts";
import { patternCovers, readUrlPattern } from "./url-pattern.ts";

/** One thing that two lists of grants do not share. */
export type GrantChange = {
  /** `added` and `widened` ask for more than before, `removed` and `narrowed` for less. */
  readonly change: "added" | "widened" | "removed" | "narrowed";
  readonly kind: keyof Grants;
  /** In words, of what is asked for now or was before: "write data (before: read data)". */
  readonly text: string;
};

/**
 * What a new list of grants allows that the old one did not, and the other way round. Compares what is allowed, not how it
 * is written: a directory inside a granted one, or a host below a granted `*.`, is no change.
 */
export function grantsDifference(before: Grants, after: Grants): readonly GrantChange[] {
  const more = gains(before, after).map(({ kind, text, was }): GrantChange =>
    was === undefined ? { change: "added", kind, text } : { change: "widened", kind, text: `${text} (before: ${was})` },
  );
  const less = gains(after, before).map(({ kind, text, was }): GrantChange =>
    was === undefined ? { change: "removed", kind, text } : { change: "narrowed", kind, text: `${text} (now: ${was})` },
  );
  return [...more, ...less];
}

/** Something that `to` allows and `from` does not; `was` is what `from` has of the same thing. */
type Gain = { readonly kind: keyof Grants; readonly text: string; readonly was: string | undefined };

const SWITCHES = ["state", "clock", "random"] as const;

function gains(from: Grants, to: Grants): readonly Gain[] {
  return [
    ...to.files.flatMap((file) => fileGain(from.files, file)),
    ...to.http.flatMap((place) => httpGain(from.http, place)),
    ...to.secrets.flatMap((secret) => secretGains(from.secrets, secret)),
    ...to.messages.flatMap((grant) => messageGains(from.messages, grant)),
    ...to.memory.flatMap((grant) => memoryGains(from.memory, grant)),
    ...SWITCHES.filter((name) => to[name] && !from[name]).map((name) => ({ kind: name, text: name, was: undefined })),
    ...to.environment
      .filter((name) => !from.environment.includes(name))
      .map((name) => ({ kind: "environment" as const, text: `environment ${name}`, was: undefined })),
  ];
}

const plainPath = (path: string): string => {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
};
const isBelow = (path: string, root: string): boolean => {
  const [inner, outer] = [plainPath(path), plainPath(root)];
  if (posix.isAbsolute(inner) !== posix.isAbsolute(outer)) return false;
  const way = posix.relative(outer, inner);
  return way === "" || (way !== ".." && !way.startsWith("../"));
};

/** What is hidden, `.env` and its like, is granted only by its own name. */
const isHiddenBelow = (path: string, root: string): boolean =>
  posix
    .relative(plainPath(root), plainPath(path))
    .split("/")
    .some((part) => part.startsWith("."));

function fileGain(from: readonly FileGrant[], { path, access }: FileGrant): readonly Gain[] {
  const reached = from.filter((each) => isBelow(path, each.path) && !isHiddenBelow(path, each.path));
  if (reached.some((each) => each.access === "write" || access === "read")) return [];
  const was = reached[0] ?? from.find((each) => isBelow(each.path, path));
  return [{ kind: "files", text: `${access} ${path}`, was: was && `${was.access} ${was.path}` }];
}

const ANY = "*";
const httpWords = (url: string, methods: readonly string[], isPrivate: boolean): string =>
  `${methods.includes(ANY) ? "any method" : methods.join(" ")} ${url}${isPrivate ? " (private addresses too)" : ""}`;
const wordsOf = ({ url, methods, private: isPrivate }: HttpGrant): string => httpWords(url, methods, isPrivate);

function httpGain(from: readonly HttpGrant[], place: HttpGrant): readonly Gain[] {
  const reached = from.filter((each) => urlCovers(each.url, place.url));
  const asPrivate = reached.filter((each) => each.private || !place.private);
  const allows = (method: string): boolean =>
    asPrivate.some(({ methods }) => methods.includes(ANY) || methods.includes(method));
  const missing = place.methods.includes(ANY)
    ? allows(ANY)
      ? []
      : [ANY]
    : place.methods.filter((each) => !allows(each));
  if (missing.length === 0) return [];
  const was = reached[0] ?? from.find((each) => urlCovers(place.url, each.url));
  return [{ kind: "http", text: httpWords(place.url, missing, place.private), was: was && wordsOf(was) }];
}

function urlCovers(wide: string, narrow: string): boolean {
  const [outer, inner] = [readUrlPattern(wide), readUrlPattern(narrow)];
  // A pattern that names no place allows nothing, so it covers nothing and everything covers it.
  if (inner === undefined) return true;
  return outer !== undefined && patternCovers(outer, inner);
}

/** Act by act and place by place, so that what two grants of the old list allow together is no change. */
function messageGains(from: readonly MessageGrant[], grant: MessageGrant): readonly Gain[] {
  const places = placesOf(grant);
  const isNew = (performative: string): boolean =>
    !places.every((place) => from.some((each) => messageGrantCovers(each, place, performative)));
  const missing = grant.performatives.filter(isNew);
  if (missing.length === 0) return [];
  const reached = (each: MessageGrant): boolean =>
    places.some((place) =>
      grant.performatives.some((act) => messageGrantCovers({ ...each, perMinute: Infinity }, place, act)),
    );
  const was = from.find(reached);
  const text = messageGrantWords({ ...grant, performatives: missing });
  return [{ kind: "messages", text, was: was && messageGrantWords(was) }];
}

/** Scope by scope, as messages place by place. */
function memoryGains(from: readonly MemoryGrant[], grant: MemoryGrant): readonly Gain[] {
  const missing = grant.scopes.filter((scope) => !from.some((each) => memoryGrantCovers(each, grant, scope)));
  if (missing.length === 0) return [];
  const was = from.find(({ scopes }) => scopes.some((scope) => grant.scopes.includes(scope)));
  const text = memoryGrantWords({ ...grant, scopes: missing });
  return [{ kind: "memory", text, was: was && memoryGrantWords(was) }];
}

function secretGains(from: readonly SecretGrant[], secret: SecretGrant): readonly Gain[] {
  const text = secretWords(secret);
  const was = from.find(({ name }) => name === secret.name);
  if (was === undefined) return [{ kind: "secrets", text, was: undefined }];
  if (was.as === "value") return [];
  const isReached = (url: string): boolean => was.for.some((each) => urlCovers(each, url));
  const isWider =
    secret.as === "value" || (was.for.length > 0 && (secret.for.length === 0 || !secret.for.every(isReached)));
  return isWider ? [{ kind: "secrets", text, was: secretWords(was) }] : [];
}

function secretWords({ name, as, for: urls }: SecretGrant): string {
  if (as === "value") return `secret ${name} (its value)`;
  return `secret ${name}${urls.length === 0 ? "" : ` for ${urls.join(", ")}`}`;
}
