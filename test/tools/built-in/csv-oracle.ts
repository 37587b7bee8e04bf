/** Plain computations of the tests, to compare with. */

export const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

export function quantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = fraction * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

export function stdev(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

export function correlation(pairs: readonly (readonly [number, number])[]): number {
  const [xs, ys] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
  const [mx, my] = [mean(xs), mean(ys)];
  const sum = (of: (pair: readonly [number, number]) => number) => pairs.reduce((all, pair) => all + of(pair), 0);
  return sum(([x, y]) => (x - mx) * (y - my)) / Math.sqrt(sum(([x]) => (x - mx) ** 2) * sum(([, y]) => (y - my) ** 2));
}

/** The statistics of some numbers as the tools name them. */
export const summary = (values: readonly number[]) =>
  values.length === 0
    ? { sum: null, mean: null, median: null, min: null, max: null, stdev: null }
    : {
        sum: values.reduce((all, value) => all + value, 0),
        mean: mean(values),
        median: quantile(values, 0.5),
        min: Math.min(...values),
        max: Math.max(...values),
        stdev: stdev(values),
      };
