/** One line of Prometheus' text format. */
type Line = { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly value: number };

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/u;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/uy;

/** What a scraper reads. Throws where the text breaks a rule of the format. */
export class Scraped {
  readonly #lines: readonly Line[];

  static async from({ url }: { readonly url: string }): Promise<Scraped> {
    const answer = await fetch(`${url}/metrics`);
    if (!answer.ok) throw new Error(`/metrics answered ${answer.status}`);
    return new Scraped(await answer.text());
  }

  constructor(text: string) {
    if (!text.endsWith("\n")) throw new Error("the last line has no end");
    const types = new Map<string, string>();
    const seen = new Set<string>();
    const lines: Line[] = [];
    for (const row of text.split("\n").slice(0, -1)) {
      const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.+)$/u.exec(row) ?? [];
      if (kind === "HELP") continue;
      if (kind === "TYPE") {
        if (types.has(name)) throw new Error(`${name} comes twice`);
        types.set(name, rest);
        continue;
      }
      const line = readSample(row);
      const family = line.name.replace(/_(bucket|sum|count)$/u, "");
      const isKnown = types.get(family) === "histogram" || types.has(line.name);
      if (!isKnown) throw new Error(`${row} has no type before it`);
      const series = `${line.name}${JSON.stringify(Object.entries(line.labels).toSorted(([one], [other]) => (one < other ? -1 : 1)))}`;
      if (seen.has(series)) throw new Error(`${series} comes twice`);
      seen.add(series);
      lines.push(line);
    }
    this.#lines = lines;
    for (const [name, type] of types) if (type === "histogram") this.#checkHistogram(name);
  }

  #checkHistogram(name: string): void {
    for (const { labels, value } of this.all(`${name}_count`)) {
      const buckets = this.all(`${name}_bucket`, labels);
      const bounds = buckets.map(({ labels: { le } }) => (le === "+Inf" ? Infinity : Number(le)));
      if (!isAscending(bounds) || !isAscending(buckets.map((each) => each.value)) || bounds.at(-1) !== Infinity)
        throw new Error(`the buckets of ${name} do not add up`);
      if (buckets.at(-1)?.value !== value) throw new Error(`${name} does not match its buckets`);
    }
  }

  /** Lines of the name that have these labels, and maybe others. */
  all(name: string, labels: Readonly<Record<string, string>> = {}): readonly Line[] {
    return this.#lines.filter(
      (line) => line.name === name && Object.entries(labels).every(([label, value]) => line.labels[label] === value),
    );
  }

  /** The one value of the name with these labels; undefined where there is none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.all(name, labels);
    if (found.length > 1) throw new Error(`${name} has ${found.length} values`);
    return found[0]?.value;
  }
}

const isAscending = (values: readonly number[]): boolean =>
  values.every((each, at) => at === 0 || each >= (values[at - 1] ?? 0));

function readSample(row: string): Line {
  const [, name, inner = "", text] = SAMPLE.exec(row) ?? [];
  const value = text === "+Inf" ? Infinity : Number(text);
  if (name === undefined || Number.isNaN(value)) throw new Error(`no sample: ${row}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  let end = 0;
  for (let match = LABEL.exec(inner); match; match = LABEL.exec(inner)) {
    const [, label = "", quoted = ""] = match;
    labels[label] = quoted.replaceAll(/\\(.)/gu, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
    end = LABEL.lastIndex;
  }
  if (end !== inner.length) throw new Error(`no labels: ${inner}`);
  return { name, labels, value };
}
