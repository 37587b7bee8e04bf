import { describe, expect, test } from "vitest";
import { converse } from "./converse.ts";
import { ERRAND_TOOLS } from "./errand-tools.ts";
import { CHART_TOOLS, failing, PARSER_TOOLS, READING_HISTOGRAM } from "./parser-tools.ts";
import { csvOf, SAMPLES } from "./tables.ts";

const TOOLS = [...PARSER_TOOLS, ...CHART_TOOLS];

/** The first paragraph of the answer; the others are tables and caveats. */
const lead = (answer: string) => answer.split("\n\n")[0];
const named = (calls: readonly string[]) => calls.map((call) => call.split(" ")[0]?.split("__")[1]);

describe("the first sentence answers the question", () => {
  test.each([
    [
      "Which species in birds.csv has the longest flippers?",
      "Gentoo has the longest flippers: mean flipper_length_mm 217.25 over 4 rows, maximum 230.",
    ],
    [
      "which birds.csv species has the shortest bills",
      "Adelie has the shortest bills: mean bill_length_mm 38.62 over 5 rows, minimum 37.2.",
    ],
    ["Which island in birds.csv has the most penguins?", "Dream and Biscoe have the most penguins: 5 rows each."],
    ["which island has the fewest penguins (birds.csv)?", "Torgersen has the fewest penguins: 3 rows."],
    ["What is the cheapest item in stock.csv?", "nut is the cheapest item: price_eur 0.1."],
    [
      "Who sells the most expensive items, which supplier? stock.csv",
      "Globex has the highest mean price_eur: 56.75 over 2 rows, maximum 89.",
    ],
    [
      "Which store had the highest revenue in shop/sales.csv?",
      "Harbour has the highest revenue: total revenue 69 over 3 rows, mean 23.",
    ],
    [
      "top 3 cities by population in cities.csv",
      "The 3 with the highest population: Tokyo (37400068), Delhi (28514000) and Shanghai (25582000).",
    ],
    ["the two smallest cities by area in cities.csv", "The 2 with the lowest area_km2: Osaka (225) and Mumbai (603)."],
    ["average price in stock.csv", "The mean price_eur is 26.53 over 5 values (median 18.9, minimum 0.1, maximum 89)."],
    [
      "What is the median of bill_length_mm in birds.csv?",
      "The median bill_length_mm is 46.3 over 12 values (mean 44.64, minimum 37.2, maximum 51.3).",
    ],
    [
      "total revenue in shop/sales.csv?",
      "The total revenue is 153.5 over 7 values (mean 21.93, median 16.5, minimum 10, maximum 48).",
    ],
    [
      "Longest flipper length in birds.csv",
      "The maximum flipper_length_mm is 230 over 12 values (mean 198.42, median 194.5, minimum 174).",
    ],
    [
      "Mean body mass per species in birds.csv",
      "Mean body_mass_g by species: Gentoo (5087.5), Chinstrap (3683.33) and Adelie (3620).",
    ],
    ["How many penguins per island in birds.csv?", "Rows by island: Dream (5), Biscoe (5) and Torgersen (3)."],
    [
      "highest precipitation per station in weather.tsv",
      "Maximum precipitation_mm by station: Bergen (11.1) and Oslo (2.5).",
    ],
    [
      "Compare body mass of Adelie and Gentoo in birds.csv",
      "Mean body_mass_g by species where species is Adelie or Gentoo: Gentoo (5087.5) and Adelie (3620).",
    ],
    ["How many items in stock.csv cost more than 15?", "3 of 5 rows (60 %) fit: price_eur is above 15."],
    ["what share of the birds in birds.csv is female", "6 of 13 rows (46.15 %) fit: sex is FEMALE."],
    [
      "how many birds are there on Dream in 2008? birds.csv",
      "2 of 13 rows (15.38 %) fit: year is 2008 and island is Dream.",
    ],
    [
      "average body mass of female birds on Biscoe in birds.csv",
      "The mean body_mass_g where sex is FEMALE and island is Biscoe is 4116.67 over 3 values (median 4450, minimum 3400, maximum 4500).",
    ],
    [
      "revenue since 2024-01-03 in shop/sales.csv",
      "The total revenue where date is from 2024-01-03 on is 42.5 over 3 values (mean 14.17, median 15, minimum 11, maximum 16.5).",
    ],
    [
      "What columns does cities.csv have?",
      "cities.csv has 7 rows and 4 columns. The columns are city, country, population and area_km2.",
    ],
    ["How many rows are in stock.csv?", "stock.csv has 5 rows and 5 columns."],
    ["Summarise stock.csv", "stock.csv has 5 rows and 5 columns."],
    ["how many birds in birds.csv have a missing sex?", "Missing values of 13 rows: sex (1)."],
    ["the 2 heaviest birds in birds.csv", "The 2 rows with the highest body_mass_g: 5700 and 5700."],
    ["which columns of stock.csv have missing values?", "No column of stock.csv has missing values."],
    ["how many different species are in birds.csv?", "species has 3 different values: Adelie, Gentoo and Chinstrap."],
    [
      "Is there a correlation between bill length and body mass in birds.csv?",
      "bill_length_mm and body_mass_g: r = 0.559, a moderate positive correlation.",
    ],
  ])("%s", async (question, expected) => {
    expect(lead((await converse(question, TOOLS)).answer)).toBe(expected);
  });
});

describe("charts", () => {
  test.each([
    ["Which species in birds.csv is the heaviest? Draw a chart.", ["describe", "group", "bar_chart"], "bar_chart.svg"],
    ["Plot the trend of revenue over time in shop/sales.csv", ["describe", "group", "line_chart"], "line_chart.svg"],
    ["Show the distribution of body mass in birds.csv", ["describe", "filter", "histogram"], "histogram.svg"],
    [
      "scatter plot of bill length against flipper length in birds.csv",
      ["describe", "statistics", "filter", "scatter_plot"],
      "scatter_plot.svg",
    ],
    ["bar chart of average price per category in stock.csv", ["describe", "group", "bar_chart"], "bar_chart.svg"],
    ["graph the temperature per day and station of weather.tsv", ["describe", "group", "line_chart"], "line_chart.svg"],
  ])("%s", async (question, calls, file) => {
    const conversation = await converse(question, TOOLS);
    expect(named(conversation.calls)).toEqual(calls);
    expect(conversation.answer).toContain(`The chart is in ${file}.`);
  });

  test("are drawn from the rows of the grouping, with the axes named", async () => {
    const { calls } = await converse("bar chart of total revenue per store and product in shop/sales.csv", TOOLS);
    const drawn: unknown = JSON.parse(calls.at(-1)?.replace(/^\S+ /, "") ?? "");
    expect(drawn).toEqual({
      data: [
        { label: "Harbour", value: 48, series: "coffee" },
        { label: "North Mall", value: 40, series: "tea" },
        { label: "North Mall", value: 28, series: "coffee" },
        { label: "Old Town", value: 16.5, series: "cake" },
        { label: "Harbour", value: 11, series: "cake" },
        { label: "Harbour", value: 10, series: "tea" },
      ],
      title: "Total revenue by store and product (shop/sales.csv)",
      x_label: "store",
      y_label: "total revenue",
    });
  });

  test("are drawn from the file itself by a tool that reads it, unless only some rows count", async () => {
    const tools = [...PARSER_TOOLS, READING_HISTOGRAM];
    const { answer, calls } = await converse("histogram of body mass in birds.csv", tools);
    expect(named(calls)).toEqual(["describe", "histogram"]);
    expect(calls[1]).toContain(
      '{"path":"birds.csv","column":"body_mass_g","title":"Distribution of body_mass_g (birds.csv)"',
    );
    expect(answer).toContain("The chart is in body_mass_g.svg.");
    const some = await converse("histogram of body mass of female birds in birds.csv", [
      ...PARSER_TOOLS,
      ...CHART_TOOLS,
    ]);
    expect(named(some.calls)).toEqual(["describe", "statistics", "filter", "histogram"]);
    expect(some.calls[3]).toContain('{"data":[3800,3400,3250,4500,4450,3500]');
  });

  test("that no tool draws are said to be missing, and the rest is answered", async () => {
    const { answer } = await converse("Draw a chart of mean price per category in stock.csv", PARSER_TOOLS);
    expect(answer).toContain("Mean price_eur by category: tools (44.13) and fasteners (0.125).");
    expect(answer).toContain("I have no tool that draws a bar chart.");
  });
});

describe("caveats", () => {
  test("name another winner by another figure", async () => {
    const { answer } = await converse("Which species in birds.csv has the thickest bills?", TOOLS);
    expect(lead(answer)).toBe("Chinstrap has the thickest bills: mean bill_depth_mm 18.87 over 3 rows, maximum 19.5.");
    const other = await converse("Which store in shop/sales.csv sold the most units?", TOOLS);
    expect(lead(other.answer)).toBe("North Mall has the most units: total units_sold 23 over 3 rows, mean 7.67.");
    const third = await converse("Which island has the longest flippers? birds.csv", TOOLS);
    expect(lead(third.answer)).toBe(
      "Biscoe has the longest flippers: mean flipper_length_mm 208.6 over 5 rows, maximum 230.",
    );
    const fourth = await converse("Which product has the highest average revenue in shop/sales.csv?", TOOLS);
    expect(lead(fourth.answer)).toBe("coffee has the highest average revenue: mean revenue 38 over 2 rows.");
  });

  test("name rows that were left out", async () => {
    const { answer } = await converse("mean bill depth per island in birds.csv", TOOLS);
    expect(answer).toContain("1 row without bill_depth_mm is left out.");
  });

  test("name the column taken and the ones it could have been", async () => {
    const { answer } = await converse("average bill size per species in birds.csv", TOOLS);
    expect(answer).toContain("I took the column bill_length_mm; bill_depth_mm would fit too.");
  });

  test("say when no column was recognised", async () => {
    const { answer } = await converse("find the meaning of life in stock.csv", TOOLS);
    expect(answer).toContain("I could not tell which column or figure you mean");
  });
});

describe("sources", () => {
  test("a table in the message is handed over as text", async () => {
    const csv = csvOf(
      {
        columns: ["fruit", "price"],
        rows: [
          ["apple", 1.2],
          ["fig", 0.4],
        ],
      },
      ";",
    );
    const { answer, calls } = await converse(`Which fruit is the cheapest?\n\n${csv}\n`, TOOLS);
    expect(lead(answer)).toBe("fig is the cheapest: price 0.4.");
    expect(calls[0]).toContain('{"text":"fruit;price\\napple;1.2\\nfig;0.4');
  });

  test("a fenced table is handed over without its fence", async () => {
    const { calls } = await converse(
      `What columns are there?\n\`\`\`csv\n${csvOf({ columns: ["a", "b"], rows: [[1, 2]] })}\n\`\`\``,
      TOOLS,
    );
    expect(calls).toEqual(['csv_parser__describe {"text":"a,b\\n1,2"}']);
  });

  test("an attached file is found by its whole path, also when the request says only its name", async () => {
    const attached = "\n\nAttached files:\n- uploads/birds.csv (text/csv, 12 KB)\n";
    for (const question of ["Which species has the longest flippers?", "How many rows has birds.csv?"]) {
      const { calls } = await converse(question + attached, TOOLS);
      expect(calls[0]).toBe('csv_parser__describe {"path":"uploads/birds.csv"}');
    }
  });

  test("several files are answered one by one", async () => {
    const { answer, calls } = await converse(
      "Compare stock.csv and cities.csv: how many rows and what columns?",
      TOOLS,
    );
    expect(named(calls)).toEqual(["describe", "describe"]);
    expect(answer).toMatch(
      /\*\*stock\.csv\*\*\n\nstock\.csv has 5 rows[^]*\*\*cities\.csv\*\*\n\ncities\.csv has 7 rows/,
    );
  });

  test("a file that no one named is looked for, and not guessed among several", async () => {
    const tools = [...TOOLS, ...ERRAND_TOOLS];
    const { answer } = await converse("Which supplier has the highest average price?", tools);
    expect(answer).toMatch(/^Which file do you mean\? I see birds\.csv, .* and cities\.csv\./);
    const spoken = await converse("Which city of the cities has the highest population?", tools);
    expect(lead(spoken.answer)).toBe("Tokyo has the highest population: 37400068.");
    expect(spoken.answer).toContain("You named no file; I took cities.csv.");
  });

  test("a follow-up goes on with the file and the question before", async () => {
    const first = await converse("Which species in birds.csv is the heaviest?", TOOLS);
    const { answer, calls } = await converse("Now draw it as a bar chart.", TOOLS, first.messages);
    // What the first question fetched is not fetched again.
    expect(named(calls)).toEqual(["bar_chart"]);
    expect(answer).toContain("The chart is in bar_chart.svg.");
  });
});

describe("failures", () => {
  test("are told in the tool's words, and nothing is made up", async () => {
    const { answer, calls } = await converse("Which species in none.csv is the heaviest?", TOOLS);
    expect(calls).toHaveLength(1);
    expect(answer).toMatch(/^The tool csv_parser__describe failed: there is no file 'none\.csv'\n\n—/);
  });

  test("of a chart leave the answer standing", async () => {
    const tools = [...PARSER_TOOLS, ...CHART_TOOLS.map((tool) => failing(tool, "too many bars"))];
    const { answer } = await converse("Draw the mean price per category in stock.csv", tools);
    expect(lead(answer)).toBe("Mean price_eur by category: tools (44.13) and fasteners (0.125).");
    expect(answer).toContain("The chart was not drawn; the tool chart_generator__bar_chart said: too many bars");
  });

  test("of a value that nothing has give an answer of none", async () => {
    const { answer } = await converse("mean price per category in stock.csv where supplier is Initech", TOOLS);
    expect(lead(answer)).toBe("No rows fit where supplier is Initech, so there is nothing to group.");
  });
});

test("every table of the samples can be described", async () => {
  for (const path of Object.keys(SAMPLES)) {
    expect((await converse(`Describe ${path}`, TOOLS)).answer).toContain(`${path} has`);
  }
});
