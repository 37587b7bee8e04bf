/**
 * Makes `tools/date_time/src/zones.bin` of compiled IANA rules: `npx node scripts/time-zones.ts [directory]`, the directory
 * being `usr/share/zoneinfo` of an unpacked Debian package tzdata, or the machine's own. The file is committed, so only
 * who wants newer rules needs to run it; test/tools/built-in/time-zones.test.ts fails when they are older than Node's.
 *
 * Its format, numbers as variable-length integers of 7 bits (signed ones zigzag): the version's text; zones, each with
 * its name, the footer's POSIX rule, kinds of time (offset in seconds, whether it is summer time, abbreviation) and
 * transitions (kind, and seconds since the previous one: half-hours with a 0 below them, else seconds with a 1); then
 * links, each a name and a zone's number.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ZONEINFO = process.argv[2] ?? "/usr/share/zoneinfo";
const OUT = join(import.meta.dirname, "..", "tools", "date_time", "src", "zones.bin");
const HALF_HOUR_S = 1800;

type Kind = { readonly offset: number; readonly summer: boolean; readonly abbreviation: string };
type Zone = {
  readonly kinds: readonly Kind[];
  readonly transitions: readonly { readonly at: number; readonly kind: number }[];
  readonly rule: string;
};

const HEADER_BYTES = 44;

/** The 64-bit part of a TZif file (RFC 9636). */
function readZone(bytes: Buffer): Zone {
  const counts = (at: number) => Array.from({ length: 6 }, (_, index) => bytes.readUInt32BE(at + 20 + 4 * index));
  const [utc = 0, standard = 0, leaps = 0, times = 0, types = 0, chars = 0] = counts(0);
  const second = HEADER_BYTES + times * 5 + types * 6 + chars + leaps * 8 + standard + utc;
  const [utc64 = 0, standard64 = 0, leaps64 = 0, times64 = 0, types64 = 0, chars64 = 0] = counts(second);
  const timesAt = second + HEADER_BYTES;
  const indexAt = timesAt + times64 * 8;
  const typesAt = indexAt + times64;
  const charsAt = typesAt + types64 * 6;
  const footerAt = charsAt + chars64 + leaps64 * 12 + standard64 + utc64;
  const text = (at: number) => bytes.toString("latin1", at, bytes.indexOf(0, at));
  const kinds = Array.from({ length: types64 }, (_, index) => ({
    offset: bytes.readInt32BE(typesAt + index * 6),
    summer: bytes.readUInt8(typesAt + index * 6 + 4) === 1,
    abbreviation: text(charsAt + bytes.readUInt8(typesAt + index * 6 + 5)),
  }));
  const transitions = Array.from({ length: times64 }, (_, index) => ({
    at: Number(bytes.readBigInt64BE(timesAt + index * 8)),
    kind: bytes.readUInt8(indexAt + index),
  })).filter(({ at }) => at > -(2 ** 40));
  return { kinds, transitions, rule: bytes.toString("latin1", footerAt + 1, bytes.length - 1) };
}

class Writer {
  readonly #bytes: number[] = [];
  count(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.#bytes.push((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    this.#bytes.push(rest);
  }
  signed(value: number): void {
    this.count(value < 0 ? -2 * value - 1 : 2 * value);
  }
  text(value: string): void {
    this.count(value.length);
    for (const char of value) this.#bytes.push(char.charCodeAt(0));
  }
  get bytes(): Buffer {
    return Buffer.from(this.#bytes);
  }
}

/** Transitions that the rule of the footer implies are left out, except for the last few before it applies. */
const YEAR_LAST_S = Date.UTC(2038, 0, 1) / 1000;

function writeZone(out: Writer, name: string, zone: Zone): void {
  const transitions = zone.rule.includes(",")
    ? zone.transitions.filter(({ at }) => at < YEAR_LAST_S)
    : zone.transitions;
  out.text(name);
  out.text(zone.rule);
  out.count(zone.kinds.length);
  for (const { offset, summer, abbreviation } of zone.kinds) {
    out.signed(offset);
    out.count(summer ? 1 : 0);
    out.text(abbreviation);
  }
  out.count(transitions.length);
  let before = 0;
  for (const [index, { at, kind }] of transitions.entries()) {
    out.count(kind);
    const step = at - before;
    if (index === 0) out.signed(at);
    else out.count(step % HALF_HOUR_S === 0 ? (step / HALF_HOUR_S) * 2 : step * 2 + 1);
    before = at;
  }
}

function main(): void {
  const source = readFileSync(join(ZONEINFO, "tzdata.zi"), "utf8");
  const version = /^# version (\S+)/.exec(source)?.[1];
  if (version === undefined) throw new Error(`${ZONEINFO}/tzdata.zi does not begin with "# version …"`);
  const names = new Set<string>();
  const links = new Map<string, string>();
  for (const line of source.split("\n")) {
    const [word, first, second] = line.split(" ");
    if (word === "Z" && first) names.add(first);
    if (word === "L" && first && second) links.set(second, first);
  }
  const target = (name: string): string => (links.has(name) ? target(links.get(name) ?? "") : name);
  const zones = [...names].toSorted();
  const out = new Writer();
  out.text(version);
  out.count(zones.length);
  for (const name of zones) writeZone(out, name, readZone(readFileSync(join(ZONEINFO, name))));
  const known = [...links.keys()].toSorted();
  out.count(known.length);
  for (const name of known) {
    out.text(name);
    out.count(zones.indexOf(target(name)));
  }
  writeFileSync(OUT, out.bytes);
  process.stdout.write(`${version}: ${zones.length} zones, ${known.length} links, ${out.bytes.length} bytes\n`);
}

main();
