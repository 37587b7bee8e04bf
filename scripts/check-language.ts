/**
 * Rejects private words in names, comments, texts and commit subjects: `npx node scripts/check-language.ts`. CONTRIBUTING.md explains it.
 * Prints file:line, the word and what to write instead. Exits with 1 if it finds one.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process, { stderr } from "node:process";

const ROOT = join(import.meta.dirname, "..");

/**
 * Decision records are history, and some files are not the project's own words. The hashes of compiled modules cover the
 * Rust crates of the tools, their settings, the JavaScript runtime and the guests of tests: even a changed comment needs
 * their compilers.
 */
const EXCLUDED = [
  ".rs",
  "tools/.cargo/",
  "engines/javascript/runtime/",
  "docs/adr/",
  "scripts/check-language.ts",
  "test/fixtures/",
  "test/tools/abi/guests/",
];

const CHECKED = /\.(?:ts|tsx|mjs|js|md|rs|toml|css|html)$/;

/** Names on the wire and on disk, which stay until their format changes, names in compiled modules, and a Unix account. */
const KEPT_NAMES =
  /CONVERSATION_UNDER_WAY|calls_under_way|change_of_gone|tell_subscribers|fd_tell|option, "nobody"|"everybody:"|_asking_tell|values are none/g;

/** Words of users in the vocabularies of the built-in model. */
const USER_WORDS =
  /\(\?:someone\|somebody\|[\w |]+\|whoever\)|"(?:someone|somebody|whoever)",|table\|tell\||[Tt]ell (?:about|me|give|show) |someone who can|closely include/g;

/** Commit subjects are checked after this commit. */
const BASE = "1a64edbd";

/** Each word as a pattern, and what to write instead. A space stands for any gap, one between the words of a name included. */
const WORDS: readonly (readonly [string, string])[] = [
  ["anew", "again, re-…, a new …"],
  ["whom?ever", "the role: sender, caller, client, provider"],
  ["nobody", "no agent, no client"],
  ["some(?:body|one)", "a user, another client, an operator"],
  ["every(?:body|one)", "all agents, all participants"],
  ["(?:go(?:es|ing)?|went|gone) on", "continue, resume"],
  ["(?:go(?:es|ing)?|went|gone) over", "switch, cut over, fall back"],
  ["(?:goes?|went) (?:first|sooner|away|by itself)", "is deleted, is evicted"],
  ["told|tell(?:s|ing|er)?|untold", "report, return, print, notify, log, distinguish"],
  ["in (?:hand|its hands?|their hands?|the hands)", "in flight"],
  ["(?:stands?|standing) by", "on standby"],
  ["put(?:s|ting)? (?:\\w+ ){0,2}away", "archive"],
  ["put(?:s|ting)? (?:\\w+ )?back", "restore"],
  ["put(?:s|ting)? aside", "offload, store separately"],
  ["(?:takes?|took|taken|taking) (?:\\w+ ){0,2}back", "retract, revoke"],
  ["(?:takes?|took|taken|taking) (?:\\w+ ){0,3}away", "delete, remove"],
  ["(?:takes?|took|taken|taking) out of", "extract"],
  ["(?:takes?|took|taken|taking) over", "import, copy, inherit"],
  ["call(?:s|ed|ing)? (?:\\w+ )?offs?", "cancel"],
  ["left alone", "skipped"],
  ["(?:is|are|be|becomes?|comes? out|went|goes|reads?|than|do(?:es)?) otherwise|otherwise than", "differs, changes"],
  ["by (?:itself|themselves)", "automatically, on its own"],
  ["under way", "running, in progress, in flight"],
  ["at work", "running"],
  ["on record", "stored"],
  ["carr(?:y|ies|ied|ying) (?:\\w+ )?out", "execute, run"],
  ["mend(?:s|ed|ing)?", "repair, fix"],
  ["lately", "recently"],
  ["bec(?:omes?|ame) of", "outcome, status"],
  ["(?:comes?|came) (?:out )?of (?:it|that|them|this|a)|what (?:comes|came) of", "result"],
  ["the ones? before", "the previous …"],
  ["for ever", "permanently"],
  ["now and (?:then|again)", "periodically"],
  ["oftener|as often|so often|seldomer|again and again", "at most N times, repeatedly"],
  ["(?<!there )(?:is|are|was|were)\\s+none", "is invalid, is not a …"],
  ["as many (?:\\w+ ){0,4}as (?:\\w+ ){0,3}may|than (?:one )?may", "the limit is reached"],
  ["ma[dk](?:es?|ing) (?:\\w+ )?ready", "prepared, compiled"],
  [
    "a word of (?:your|its|their)s?(?: own)?|operators word|(?:his|its|their) own word",
    "a key you choose, an override",
  ],
  ["gives? leave|asks? leave", "permission, permit"],
  ["trouble", "problem, error"],
  ["vouch(?:es)?", "signed by"],
  ["hand(?:s|ed|ing)? over", "deliver"],
  ["the same (?:twice|again)", "idempotent"],
  ["want of|for want", "lack of"],
  ["closely", "in detail"],
  ["pictures?", "image"],
  ["leaves? word|left word", "writes, records"],
  ["vigil", "heartbeat"],
  ["nursery", "standby pool"],
  ["bygones?", "evicted"],
  ["doomed", "expired"],
  ["(?<!order-)keepers?|keepings?", "recorder, retention, outbox"],
  ["parcels?", "queued message"],
  ["surroundings", "environment, dependencies"],
  ["askers?", "client, requester"],
  ["manners", "provider traits"],
  ["(?<!front-)desks?", "handler"],
  ["standings", "stats"],
  ["wip(?:es|ed|ing)", "scrub, overwrite"],
  ["recollections?", "recovery"],
  ["relief|relieves?", "rebalance"],
  ["upkeep", "maintenance"],
  ["whereabouts", "location"],
  ["culprits?", "offender"],
  ["restat(?:e|es|ed|ing|ements?)", "amend"],
  ["hushed", "muted"],
];

type Hit = { readonly where: string; readonly word: string; readonly instead: string };

// Each class needs a group of its own: V8 forgets the modifier after a `|`.
const START = "(?:(?<![A-Za-z])|(?-i:(?<=[a-z]))(?-i:(?=[A-Z])))";
const END = "(?-i:(?![a-z]))(?-i:(?!(?<=[A-Z])[A-Z]))";
const GAP = String.raw`(?:\s+(?:(?:\*|\/\/[/!]?)\s+)?|[-_]|(?-i:(?<=[a-z]))(?-i:(?=[A-Z])))`;

const spaced = (pattern: string) => pattern.replaceAll(" ", GAP);
const ANY = new RegExp(`${START}(?:${WORDS.map(([pattern]) => spaced(pattern)).join("|")})${END}`, "gi");
const EACH = WORDS.map(([pattern, instead]) => ({ pattern: new RegExp(`^(?:${spaced(pattern)})$`, "i"), instead }));

function hitsIn(text: string, where: (offset: number) => string): Hit[] {
  return [...text.matchAll(ANY)].map(({ 0: word, index }) => ({
    where: where(index),
    word: word.replaceAll(/\s+(?:[*/]+\s+)?/g, " "),
    instead: EACH.find(({ pattern }) => pattern.test(word))?.instead ?? "",
  }));
}

const git = (...args: string[]) => execFileSync("git", args, { cwd: ROOT, encoding: "utf8", maxBuffer: 2 ** 26 });

const isExcluded = (file: string) =>
  EXCLUDED.some((entry) => (entry.startsWith(".") ? file.endsWith(entry) : file.startsWith(entry)));

const hidden = (name: string) => "-".repeat(name.length);

function hitsOfFile(file: string): Hit[] {
  const text = readFileSync(join(ROOT, file), "utf8").replaceAll(KEPT_NAMES, hidden).replaceAll(USER_WORDS, hidden);
  const lineAt = (offset: number) => text.slice(0, offset).split("\n").length;
  return [...hitsIn(file, () => file), ...hitsIn(text, (offset) => `${file}:${lineAt(offset)}`)];
}

/** First words that are not the imperative of a verb, with the verbs that only look like it. */
const NOT_IMPERATIVE = /^(?:what|who|where|when|how|why|the|an?|one|no|it|each|every|all|that|\w+(?:ing|ed|[^su]s))$/;
const IMPERATIVE = /^(?:need|feed|seed|speed|embed|exceed|proceed|bring|string|ring|bias|alias|canvas)$/;

function hitsOfSubject(line: string): Hit[] {
  const [hash = "", subject = ""] = line.split("\t");
  const [, verb] = /^[a-z0-9./-]+(?:, [a-z0-9./-]+)*: ([a-z]+)/.exec(subject) ?? [];
  const where = `commit ${hash}`;
  const isFormed = verb !== undefined && (IMPERATIVE.test(verb) || !NOT_IMPERATIVE.test(verb)) && subject.length <= 72;
  const form = { where, word: subject, instead: "module: imperative, at most 72 characters" };
  return [...(isFormed ? [] : [form]), ...hitsIn(subject, () => where)];
}

/** Commits since BASE; none in a tree without it, such as a shallow clone or an archive. */
function subjects(): string[] {
  try {
    return git("log", "--no-merges", "--format=%h%x09%s", `${BASE}..HEAD`).split("\n").filter(Boolean);
  } catch {
    stderr.write(`Commit subjects are not checked: this tree has no commit ${BASE}.\n`);
    return [];
  }
}

const files = git("ls-files")
  .split("\n")
  .filter((file) => CHECKED.test(file) && existsSync(join(ROOT, file)) && !isExcluded(file));
const hits = [...files.flatMap(hitsOfFile), ...subjects().flatMap(hitsOfSubject)];
for (const { where, word, instead } of hits) stderr.write(`${where}: "${word}": write ${instead}\n`);
if (hits.length > 0) {
  stderr.write(`${hits.length} private words in ${new Set(hits.map(({ where }) => where.split(":")[0])).size} files\n`);
  process.exitCode = 1;
}
