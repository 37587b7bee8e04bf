import { posix } from "node:path";
import type { FileGrant, Grants, HttpGrant } from "./grants.ts";
import { MEMORY_GRANT_DEFAULTS, type MemoryGrant, memoryGrantAllows, scopesIn } from "./memory-grant.ts";
import { type MessageGrant, messageGrantAllows, targetIn } from "./message-grant.ts";
import type { GrantUse } from "./grant-use.ts";
import { patternAllows, readUrlPattern, targetOf } from "./url-pattern.ts";

/** The least that a server has to be granted for what it did, and what an operator should know beside it. */
export type GrantProposal = { readonly grants: Grants; readonly notes: readonly string[] };

const READS = new Set(["read", "stat", "list", "read-link"]);
/** So many files of one directory stand for the directory. */
const FILES_OF_DIRECTORY = 4;
const NEITHER = "it has done without so far: grant it when its answers depend on it";

/**
 * What the uses of one call need. Only what was used is in it, so that what other calls need has to be kept by hand.
 * Secrets, and paths that lead out of the server's directory or are closed to all, are never proposed, only listed.
 */
export function proposeGrants(granted: Grants, uses: readonly GrantUse[]): GrantProposal {
  const of = (kind: GrantUse["kind"]): readonly GrantUse[] => uses.filter((use) => use.kind === kind);
  const files = of("file").flatMap((use) => fileNeed(granted, use));
  const wasRead = (kind: "clock" | "random" | "environment"): boolean => of(kind).length > 0;
  const sent = new Set(of("secret").map(({ target }) => target.split(" ")[0]));
  return {
    grants: {
      files: merged(files.filter((need) => typeof need !== "string")),
      http: httpNeeds(of("http")),
      secrets: granted.secrets.filter(({ name, as }) => sent.has(name) || (as === "value" && wasRead("environment"))),
      messages: messageNeeds(granted, of("message")),
      memory: memoryNeeds(granted, of("memory")),
      state: of("state").length > 0,
      clock: granted.clock && wasRead("clock"),
      random: granted.random && wasRead("random"),
      environment: wasRead("environment") ? granted.environment : [],
    },
    notes: [
      ...new Set([
        ...files.filter((need) => typeof need === "string"),
        ...(wasRead("clock") && !granted.clock ? [`clock = true: it read the clock; ${NEITHER}`] : []),
        ...(wasRead("random") && !granted.random ? [`random = true: it read random bytes; ${NEITHER}`] : []),
        ...of("secret").flatMap(({ target, outcome }) =>
          outcome === "allowed"
            ? []
            : [
                `secret ${target} was not sent: ${outcome === "denied" ? "its grant is for other places" : "it is not there"}`,
              ],
        ),
      ]),
    ],
  };
}

/** A grant for a use of a file; a sentence when none is proposed. */
function fileNeed(granted: Grants, { operation, target, outcome, reason }: GrantUse): readonly (FileGrant | string)[] {
  if (reason === "closed")
    return [`${operation} ${target} was refused: it is closed to all tools, and no grant opens it`];
  return target.split(" -> ").flatMap((text): readonly (FileGrant | string)[] => {
    const path = plain(text);
    if (path === "uploads" || path.startsWith("uploads/")) return [];
    const isOutside = posix.isAbsolute(path) || path === ".." || path.startsWith("../");
    const isHidden = path.split("/").some((part) => part.startsWith(".") && part !== "." && part !== "..");
    const known = granted.files.find((grant) => covers(grant.path, path));
    if ((isOutside || isHidden) && known === undefined) {
      return [
        `${operation} ${text} was refused: it is ${isOutside ? "outside of the server's directory" : "hidden"}; grant it by hand if it is meant`,
      ];
    }
    if (READS.has(operation)) {
      const isLook = operation === "stat" || operation === "list";
      // Directories on the way to what is granted can be looked at without a grant.
      if (isLook && path === "." && known === undefined) return [];
      if (isLook && outcome === "allowed" && isAbove(granted, path)) return [];
      return [{ path, access: "read" }];
    }
    // A file that is not there yet can only be made in a directory that is granted.
    return [{ path: posix.dirname(path), access: "write" }];
  });
}

const plain = (path: string): string => {
  const normal = posix.normalize(path === "" ? "." : path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
};

const covers = (root: string, path: string): boolean => {
  const way = posix.relative(plain(root), plain(path));
  return posix.isAbsolute(root) === posix.isAbsolute(path) && (way === "" || (way !== ".." && !way.startsWith("../")));
};

const isAbove = ({ files }: Grants, path: string): boolean =>
  !files.some((grant) => covers(grant.path, path)) && files.some((grant) => covers(path, grant.path));

/** Without what another grant of the list allows already; many files of a directory are the directory. */
function merged(needs: readonly FileGrant[]): readonly FileGrant[] {
  const reads = new Set(needs.filter(({ access }) => access === "read").map(({ path }) => path));
  const directories = Map.groupBy(reads, (path) => posix.dirname(path));
  const folded = [...directories].flatMap(([directory, paths]) =>
    paths.length >= FILES_OF_DIRECTORY && directory !== "." ? [directory] : paths,
  );
  const all: readonly FileGrant[] = [
    ...new Set(needs.filter(({ access }) => access === "write").map(({ path }) => path)),
  ]
    .map((path): FileGrant => ({ path, access: "write" }))
    .concat(folded.map((path): FileGrant => ({ path, access: "read" })));
  const isNeedless = (grant: FileGrant, index: number): boolean =>
    all.some((other, at) => {
      if (at === index || !covers(other.path, grant.path) || (grant.access === "write" && other.access === "read"))
        return false;
      return other.path !== grant.path || other.access !== grant.access || at < index;
    });
  return all
    .filter((grant, index) => !isNeedless(grant, index))
    .toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

/** One grant an origin: the methods that were used, below the directories that its paths share. */
function httpNeeds(uses: readonly GrantUse[]): readonly HttpGrant[] {
  const places = uses.flatMap((use) => {
    const url = URL.parse(use.target);
    return url === null ? [] : [{ use, url }];
  });
  const byOrigin = Map.groupBy(places, ({ url }) => url.origin);
  return [...byOrigin].map(([origin, found]) => ({
    url:
      origin +
      sharedPath(
        origin,
        found.map(({ url }) => url),
      ),
    methods: [...new Set(found.map(({ use }) => use.operation))].toSorted(),
    private: found.some(({ use }) => use.reason === "private-address"),
  }));
}

function sharedPath(origin: string, urls: readonly URL[]): string {
  const paths = urls.map(({ pathname }) => pathname.split("/").slice(1, -1));
  const [first = []] = paths;
  const differing = first.findIndex((segment, at) => paths.some((other) => other[at] !== segment));
  const shared = (differing === -1 ? first : first.slice(0, differing)).map((segment) => `/${segment}`).join("");
  const pattern = readUrlPattern(origin + shared);
  const allowsAll = urls.every((url) => {
    const target = targetOf(url);
    return pattern !== undefined && target !== undefined && patternAllows(pattern, target);
  });
  return allowsAll ? shared : "";
}

const PER_MINUTE = 60;

/** One grant for each set of acts: whom each was sent to. Rates stay as they are granted. */
function messageNeeds(granted: Grants, uses: readonly GrantUse[]): readonly MessageGrant[] {
  const byPlace = Map.groupBy(uses, ({ target }) => target);
  const byActs = Map.groupBy(byPlace, ([, found]) =>
    [...new Set(found.map(({ operation }) => operation))].toSorted().join(" "),
  );
  return [...byActs].map(([acts, found]) => {
    const targets = found.map(([target]) => targetIn(target));
    const performatives = acts.split(" ");
    const rates = granted.messages
      .filter((grant) => performatives.some((act) => targets.some((target) => messageGrantAllows(grant, act, target))))
      .map(({ perMinute }) => perMinute);
    return {
      performatives,
      receivers: unique(targets.flatMap((target) => (target.type === "receivers" ? target.names : []))),
      capabilities: unique(targets.flatMap((target) => (target.type === "capability" ? [target.capability] : []))),
      topics: unique(targets.flatMap((target) => (target.type === "topic" ? [target.topic] : []))),
      broadcast: targets.some(({ type }) => type === "broadcast"),
      perMinute: rates.length === 0 ? PER_MINUTE : Math.max(...rates),
    };
  });
}

/** One grant for all that was searched. Its bounds stay as they are granted. */
function memoryNeeds(granted: Grants, uses: readonly GrantUse[]): readonly MemoryGrant[] {
  const scopes = scopesIn(uses.map(({ target }) => target).join(", "));
  if (scopes.length === 0) return [];
  const held = granted.memory.filter((grant) => scopes.some((scope) => memoryGrantAllows(grant, [scope])));
  const { hitsMax, perMinute } = MEMORY_GRANT_DEFAULTS;
  if (held.length === 0) return [{ scopes, hitsMax, perMinute }];
  return [
    {
      scopes,
      hitsMax: Math.max(...held.map((grant) => grant.hitsMax)),
      perMinute: Math.max(...held.map((grant) => grant.perMinute)),
    },
  ];
}

const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)].toSorted();
