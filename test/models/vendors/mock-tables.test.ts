import { describe, expect, test } from "vitest";
import { converse } from "./converse.ts";
import { ERRAND_TOOLS } from "./errand-tools.ts";
import { CHART_TOOLS, failing, PARSER_TOOLS, READING_HISTOGRAM } from "./parser-tools.ts";
import { csvOf, SAMPLES } from "./tables.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("model.built-in");

const TOOLS = [...PARSER_TOOLS, ...CHART_TOOLS];

/** The plan and the sentence below it; the other paragraphs are tables and caveats. */
const lead = (answer: string) =>
  answer
    .split("\n\n")
    .slice(0, 2)
    .filter((paragraph) => !/^[|—]/.test(paragraph))
    .join(" ");
const named = (calls: readonly string[]) => calls.map((call) => call.split(" ")[0]?.split("__")[1]);

describe("the first sentence answers the question", () => {
  test.each([
    [
      "Which species in birds.csv has the longest flippers?",
      "Mean and maximum of flipper_length_mm by species, highest first. Gentoo has the highest mean flipper_length_mm: 217.25.",
    ],
    [
      "which birds.csv species has the shortest bills",
      "Mean and minimum of bill_length_mm by species, lowest first. Adelie has the lowest mean bill_length_mm: 38.62.",
    ],
    [
      "Which island in birds.csv has the most penguins?",
      "Number of penguins by island, highest first. Dream and Biscoe have the most penguins: 5 each.",
    ],
    [
      "which island has the fewest penguins (birds.csv)?",
      "Number of penguins by island, lowest first. Torgersen has the fewest penguins: 3.",
    ],
    ["What is the cheapest item in stock.csv?", "Item with the lowest price_eur. nut has the lowest price_eur: 0.1."],
    [
      "Which supplier sells the most expensive items? stock.csv",
      'I cannot answer this for sure. I am not sure whether you ask for "supplier" or "items". The columns of stock.csv are item, category, quantity, price_eur and supplier.',
    ],
    [
      "Which store had the highest revenue in shop/sales.csv?",
      "Total of revenue by store, highest first. Harbour has the highest total revenue: 69.",
    ],
    [
      "top 3 cities by population in cities.csv",
      "3 cities with the highest population. The 3 with the highest population: Tokyo (37400068), Delhi (28514000) and Shanghai (25582000).",
    ],
    [
      "the two smallest cities by area in cities.csv",
      "2 cities with the lowest area_km2. The 2 with the lowest area_km2: Osaka (225) and Mumbai (603).",
    ],
    ["average price in stock.csv", "Mean of price_eur. The mean price_eur is 26.53 over 5 rows."],
    [
      "What is the median of bill_length_mm in birds.csv?",
      "Median of bill_length_mm. The median bill_length_mm is 46.3 over 12 rows.",
    ],
    ["total revenue in shop/sales.csv?", "Total of revenue. The total revenue is 153.5 over 7 rows."],
    [
      "Longest flipper length in birds.csv",
      "Row with the highest flipper_length_mm. The highest flipper_length_mm is 230.",
    ],
    [
      "Mean body mass per species in birds.csv",
      "Mean of body_mass_g by species. Mean body_mass_g: Gentoo (5087.5), Chinstrap (3683.33) and Adelie (3620).",
    ],
    [
      "How many penguins per island in birds.csv?",
      "Number of penguins by island. Number of penguins: Dream (5), Biscoe (5) and Torgersen (3). All together: 13.",
    ],
    [
      "highest precipitation per station in weather.tsv",
      "Maximum of precipitation_mm by station. Maximum precipitation_mm: Bergen (11.1) and Oslo (2.5).",
    ],
    [
      "Compare body mass of Adelie and Gentoo in birds.csv",
      "Mean of body_mass_g by species where species = Adelie or Gentoo. Gentoo has the higher mean body_mass_g: 5087.5, against 3620 for Adelie; the difference is 1467.5.",
    ],
    [
      "How many items in stock.csv cost more than 15?",
      "Number of rows where price_eur > 15. There are 3 rows (60 % of 5).",
    ],
    [
      "how many of the birds in birds.csv are female?",
      "Number of birds where sex = FEMALE. There are 6 birds (46.15 % of 13).",
    ],
    [
      "how many birds are there on Dream in 2008? birds.csv",
      "Number of birds where island = Dream and year = 2008. There are 2 birds (15.38 % of 13).",
    ],
    [
      "average body mass of female birds on Biscoe in birds.csv",
      "Mean of body_mass_g where sex = FEMALE and island = Biscoe. The mean body_mass_g is 4116.67 over 3 birds.",
    ],
    [
      "revenue since 2024-01-03 in shop/sales.csv",
      "Total of revenue where date ≥ 2024-01-03. The total revenue is 42.5 over 3 rows.",
    ],
    [
      "What columns does cities.csv have?",
      "cities.csv has 7 rows and 4 columns. The columns are city, country, population and area_km2.",
    ],
    ["How many rows are in stock.csv?", "stock.csv has 5 rows and 5 columns."],
    ["Summarise stock.csv", "stock.csv has 5 rows and 5 columns."],
    [
      "how many birds in birds.csv have a missing sex?",
      "Number of birds where sex is missing. There is 1 bird (7.69 % of 13).",
    ],
    [
      "the 2 heaviest birds in birds.csv",
      "2 birds with the highest body_mass_g. The highest body_mass_g is 5700, in 2 rows.",
    ],
    ["which columns of stock.csv have missing values?", "No column of stock.csv has missing values."],
    [
      "how many different species are in birds.csv?",
      "Number of different values of species. There are 3 different values of species.",
    ],
    [
      "Is there a correlation between bill length and body mass in birds.csv?",
      "Correlation of bill_length_mm and body_mass_g. bill_length_mm and body_mass_g: r = 0.559, a moderate positive correlation.",
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
    expect(lead(answer)).toBe("Mean of price_eur by category. Mean price_eur: tools (44.13) and fasteners (0.125).");
    expect(answer).toContain("I have no tool that draws a bar chart.");
  });
});

describe("caveats", () => {
  test("name another winner by another figure", async () => {
    const { answer } = await converse("Which station in weather.tsv is the windiest?", TOOLS);
    expect(lead(answer)).toBe(
      "Mean and maximum of wind_speed_kmh by station, highest first. Bergen has the highest mean wind_speed_kmh: 24.67.",
    );
    const other = await converse("Which island in birds.csv has the shortest bills?", TOOLS);
    expect(lead(other.answer)).toBe(
      "Mean and minimum of bill_length_mm by island, lowest first. Torgersen has the lowest mean bill_length_mm: 39.3. By minimum bill_length_mm it is Dream (37.2).",
    );
    const explicit = await converse("Which product has the highest average revenue in shop/sales.csv?", TOOLS);
    expect(lead(explicit.answer)).toBe(
      "Mean of revenue by product, highest first. coffee has the highest mean revenue: 38.",
    );
  });

  test("name rows that were left out", async () => {
    const { answer } = await converse("mean bill depth per island in birds.csv", TOOLS);
    expect(answer).toContain("1 row without bill_depth_mm is left out.");
  });

  test("name the columns that a word could mean, instead of an answer", async () => {
    const { answer } = await converse("average bill per species in birds.csv", TOOLS);
    expect(answer).toMatch(/^I cannot answer this for sure\. "bill" could mean bill_length_mm or bill_depth_mm\./);
  });

  test("name the words that are not in the table, instead of an answer", async () => {
    const { answer } = await converse("find the meaning of life in stock.csv", TOOLS);
    expect(answer).toContain('I could not place "meaning" and "life" in the table');
  });
});

describe("sources", () => {
  test("a table in the message is passed as text", async () => {
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
    expect(lead(answer)).toBe("Fruit with the lowest price. fig has the lowest price: 0.4.");
    expect(calls[0]).toContain('{"text":"fruit;price\\napple;1.2\\nfig;0.4');
  });

  test("a fenced table is passed without its fence", async () => {
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
    expect(lead(spoken.answer)).toBe("City with the highest population. Tokyo has the highest population: 37400068.");
    expect(spoken.answer).toContain("You named no file; I took cities.csv.");
  });

  test("a follow-up continues with the previous file and question", async () => {
    const first = await converse("Which species in birds.csv is the heaviest?", TOOLS);
    const { answer, calls } = await converse("Now draw it as a bar chart.", TOOLS, first.messages);
    // What the first question fetched is not fetched again.
    expect(named(calls)).toEqual(["bar_chart"]);
    expect(answer).toContain("The chart is in bar_chart.svg.");
  });
});

describe("failures", () => {
  test("are reported in the tool's words, and nothing is made up", async () => {
    const { answer, calls } = await converse("Which species in none.csv is the heaviest?", TOOLS);
    expect(calls).toHaveLength(1);
    expect(answer).toMatch(/^The tool csv_parser__describe failed: there is no file 'none\.csv'\n\n—/);
  });

  test("of a chart leave the answer standing", async () => {
    const tools = [...PARSER_TOOLS, ...CHART_TOOLS.map((tool) => failing(tool, "too many bars"))];
    const { answer } = await converse("Draw the mean price per category in stock.csv", tools);
    expect(lead(answer)).toBe("Mean of price_eur by category. Mean price_eur: tools (44.13) and fasteners (0.125).");
    expect(answer).toContain("The chart was not drawn; the tool chart_generator__bar_chart said: too many bars");
  });

  test("of a value that nothing has are said", async () => {
    const { answer } = await converse("mean price per category in stock.csv where supplier is Initech", TOOLS);
    expect(lead(answer)).toBe(
      'I cannot answer this for sure. I could not place "Initech" in the table, so I do not answer a different question. The columns of stock.csv are item, category, quantity, price_eur and supplier.',
    );
  });
});

test("every table of the samples can be described", async () => {
  for (const path of Object.keys(SAMPLES)) {
    expect((await converse(`Describe ${path}`, TOOLS)).answer).toContain(`${path} has`);
  }
});

test("a question about a table that names none asks for the file and calls no tool for tables", async () => {
  const { answer, calls } = await converse("Which region grew most from quarter to quarter?", PARSER_TOOLS);
  expect(named(calls).filter((call) => call !== "list_files")).toEqual([]);
  expect(answer).not.toContain("failed");
});
