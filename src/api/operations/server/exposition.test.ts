import { expect, test } from "vitest";
import { exposition } from "./exposition.ts";

// verifies("metrics.format")

test("labels are escaped, so that a name cannot write a line of its own", () => {
  const text = exposition([
    { name: "a_total", help: "A\nb", type: "counter", samples: [{ labels: { who: 'x"\n\\y' }, value: 2 }] },
  ]);
  expect(text).toBe('# HELP a_total A\\nb\n# TYPE a_total counter\na_total{who="x\\"\\n\\\\y"} 2\n');
});

test("a histogram's buckets add up, and end with all", () => {
  const series = [{ labels: { act: "inform" }, buckets: [1, 2, 3], sum: 9.5 }];
  expect(exposition([{ name: "t", help: "h", type: "histogram", bounds: [0.1, 1], series }])).toBe(
    [
      "# HELP t h",
      "# TYPE t histogram",
      't_bucket{act="inform",le="0.1"} 1',
      't_bucket{act="inform",le="1"} 3',
      't_bucket{act="inform",le="+Inf"} 6',
      't_sum{act="inform"} 9.5',
      't_count{act="inform"} 6',
      "",
    ].join("\n"),
  );
});
