import type { HistogramNow } from "../../../kernel/histogram.ts";

/** One series of a metric: its labels, and its value. */
export type Sample = { readonly labels?: { readonly [name: string]: string }; readonly value: number };

/** A metric as Prometheus reads it. */
export type Metric =
  | {
      readonly name: string;
      readonly help: string;
      readonly type: "counter" | "gauge";
      readonly samples: readonly Sample[];
    }
  | {
      readonly name: string;
      readonly help: string;
      readonly type: "histogram";
      readonly series: readonly {
        readonly labels: { readonly [name: string]: string };
        /** Counts between one bound and the next, not cumulative; one more than there are bounds. */
        readonly buckets: readonly number[];
        readonly sum: number;
      }[];
      readonly bounds: readonly number[];
    };

const single = (value: number | undefined): readonly Sample[] => (value === undefined ? [] : [{ value }]);

/** A gauge without labels; undefined: at the moment there is no value. */
export const gauge = (name: string, help: string, value: number | undefined): Metric => ({
  name,
  help,
  type: "gauge",
  samples: single(value),
});

/** A counter without labels. */
export const counter = (name: string, help: string, value: number): Metric => ({
  name,
  help,
  type: "counter",
  samples: single(value),
});

/** A histogram of series that have the same bounds. */
export const histogram = (
  name: string,
  help: string,
  series: readonly { readonly labels?: { readonly [name: string]: string }; readonly took: HistogramNow }[],
): Metric => ({
  name,
  help,
  type: "histogram",
  bounds: series[0]?.took.bounds ?? [],
  series: series.map(({ labels = {}, took: { buckets, sum } }) => ({ labels, buckets, sum })),
});

const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');

const labelled = (labels: { readonly [name: string]: string } = {}): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value.toWellFormed())}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
};

function lines(metric: Metric): readonly string[] {
  const { name } = metric;
  if (metric.type !== "histogram")
    return metric.samples.map(({ labels, value }) => `${name}${labelled(labels)} ${value}`);
  return metric.series.flatMap(({ labels, buckets, sum }) => {
    let total = 0;
    const cumulative = buckets.map((count, index) => {
      total += count;
      const le = String(metric.bounds[index] ?? "+Inf");
      return `${name}_bucket${labelled({ ...labels, le })} ${total}`;
    });
    return [...cumulative, `${name}_sum${labelled(labels)} ${sum}`, `${name}_count${labelled(labels)} ${total}`];
  });
}

/** Metrics in Prometheus' text format, version 0.0.4. */
export const exposition = (metrics: readonly Metric[]): string =>
  metrics
    .map((metric) => {
      const help = metric.help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
      return [`# HELP ${metric.name} ${help}`, `# TYPE ${metric.name} ${metric.type}`, ...lines(metric)]
        .map((line) => `${line}\n`)
        .join("");
    })
    .join("");
