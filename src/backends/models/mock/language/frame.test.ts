import { describe, expect, test } from "vitest";
import { tableOf, type Table } from "./columns.ts";
import { type Frame, frameOf } from "./frame.ts";
import { understand } from "./request.ts";

type Sketch = readonly [
  name: string,
  type: "number" | "text" | "date",
  distinct: number,
  values?: readonly (string | number)[],
];

const table = (rows: number, ...columns: readonly Sketch[]): Table => {
  const found = tableOf({
    rows,
    columns: columns.map(([name, type, distinct, values = []]) => ({
      name,
      type,
      distinct,
      missing: 0,
      ...(type === "number"
        ? { min: values[0] ?? 0, max: values[1] ?? 100 }
        : { top: values.map((value) => ({ value, count: 1 })) }),
    })),
  });
  if (found === undefined) throw new Error("the sketch is no table");
  return found;
};

const BIRDS = table(
  300,
  ["species", "text", 3, ["Adelie", "Gentoo", "Chinstrap"]],
  ["island", "text", 3, ["Biscoe", "Dream", "Torgersen"]],
  ["bill_length_mm", "number", 160],
  ["bill_depth_mm", "number", 80],
  ["flipper_length_mm", "number", 55],
  ["body_mass_g", "number", 90],
  ["sex", "text", 2, ["MALE", "FEMALE"]],
  ["year", "number", 3, [2007, 2009]],
);
const SHOPS = table(
  500,
  ["date", "date", 90],
  ["store", "text", 6, ["North Mall", "Harbour", "Old Town"]],
  ["product", "text", 40, ["tea", "coffee"]],
  ["units_sold", "number", 60],
  ["unit_price", "number", 35],
  ["revenue", "number", 300],
);
const WEATHER = table(
  730,
  ["day", "date", 365],
  ["station", "text", 2, ["Oslo", "Bergen"]],
  ["temp_max_c", "number", 300],
  ["temp_min_c", "number", 300],
  ["precipitation_mm", "number", 100],
  ["wind_speed_kmh", "number", 60],
);
const STOCK = table(
  40,
  ["item", "text", 40, ["bolt", "nut"]],
  ["category", "text", 5, ["tools", "fasteners"]],
  ["quantity", "number", 30],
  ["price_eur", "number", 33],
  ["supplier", "text", 7, ["Acme", "Globex"]],
);
const CITIES = table(
  120,
  ["city", "text", 120, ["Tokyo", "Delhi"]],
  ["country", "text", 60, ["Japan", "India"]],
  ["population", "number", 120],
  ["area_km2", "number", 118],
  ["founded", "number", 90, [-500, 1900]],
);
const STAFF = table(
  80,
  ["name", "text", 80, ["Ada"]],
  ["department", "text", 5, ["Sales", "Research"]],
  ["salary", "number", 70],
  ["age", "number", 38],
  ["hired", "date", 60],
);

const names = (columns: readonly { name: string }[]) => columns.map(({ name }) => name).join("+");

/** A frame in one line: goal, what is computed of what, per what, where, in which order, drawn how. */
function brief({ goal, groups, measures, aggregates, conditions, order, chart }: Frame): string {
  return [
    goal,
    aggregates.join(","),
    measures.length > 0 ? `of ${names(measures)}` : "",
    groups.length > 0 ? `per ${names(groups)}` : "",
    ...conditions.map(({ column, operator, values }) => `where ${column.name} ${operator} ${values.join("|")}`),
    order === undefined
      ? ""
      : `${order.asksFirst ? "first" : "sorted"} ${order.direction}${order.count === undefined ? "" : ` ${order.count}`}`,
    chart === undefined ? "" : `as ${chart}`,
  ]
    .filter((part) => part !== "")
    .join(" ");
}

const read = (question: string, known: Table) => brief(frameOf(understand(question), known));

describe("superlatives", () => {
  test.each([
    ["Which species has the longest flippers?", BIRDS, "groups mean,max of flipper_length_mm per species first max"],
    ["which island has the heaviest penguins", BIRDS, "groups mean,max of body_mass_g per island first max"],
    ["Which species has the shortest bill?", BIRDS, "groups mean,min of bill_length_mm per species first min"],
    ["the species with the deepest bills", BIRDS, "groups mean,max of bill_depth_mm per species first max"],
    ["Which island has the most penguins?", BIRDS, "groups count per island first max"],
    ["What is the longest flipper length?", BIRDS, "column max,mean of flipper_length_mm"],
    ["what's the cheapest item?", STOCK, "groups min of price_eur per item first min"],
    ["Which supplier is the most expensive on average?", STOCK, "groups mean of price_eur per supplier first max"],
    [
      "the least expensive item in the category tools",
      STOCK,
      "groups min of price_eur per item where category = tools first min",
    ],
    ["Which store has the highest revenue?", SHOPS, "groups sum,mean of revenue per store first max"],
    ["Which product sold the most units?", SHOPS, "groups sum,mean of units_sold per product first max"],
    ["top 5 cities by population", CITIES, "groups max of population per city sorted max 5"],
    ["What are the three smallest cities by area?", CITIES, "groups min of area_km2 per city sorted min 3"],
    ["Which is the oldest city?", CITIES, "groups min of founded per city first min"],
    ["Who is the oldest employee?", STAFF, "groups max of age per name first max"],
    ["who earns the highest salary", STAFF, "groups max of salary per name first max"],
    ["Which department has the youngest people?", STAFF, "groups mean,min of age per department first min"],
    ["Which station was the windiest?", WEATHER, "groups mean,max of wind_speed_kmh per station first max"],
    ["the 3 most expensive items", STOCK, "groups max of price_eur per item sorted max 3"],
    ["most expensive 3 items", STOCK, "groups max of price_eur per item sorted max 3"],
    ["the highest revenue per store", SHOPS, "groups max,mean of revenue per store"],
    ["bottom 2 stores by revenue", SHOPS, "groups sum,mean of revenue per store sorted min 2"],
  ])("%s", (question, known, expected) => {
    expect(read(question, known)).toBe(expected);
  });
});

describe("aggregates and groups", () => {
  test.each([
    ["average price", STOCK, "column mean of price_eur"],
    ["What is the average body mass per species and sex?", BIRDS, "groups mean of body_mass_g per species+sex"],
    ["mean flipper length by island", BIRDS, "groups mean of flipper_length_mm per island"],
    ["How many per island?", BIRDS, "groups count per island"],
    ["How many penguins are there on each island", BIRDS, "groups count per island"],
    ["total revenue for each store", SHOPS, "groups sum of revenue per store"],
    ["total quantity per category", STOCK, "groups sum of quantity per category"],
    ["median salary by department", STAFF, "groups median of salary per department"],
    ["Compare the average salary of the departments", STAFF, "groups mean of salary per department"],
    ["average of body_mass_g by island, sex", BIRDS, "groups mean of body_mass_g per island+sex"],
    ["What's the maximum and minimum temp_max_c per station?", WEATHER, "groups max,min of temp_max_c per station"],
    ["revenue by store", SHOPS, "groups sum,mean of revenue per store"],
    ["temp_max_c range per station", WEATHER, "groups min,max of temp_max_c per station"],
    ["mean and median salary", STAFF, "column mean,median of salary"],
    ["how heavy are the penguins?", BIRDS, "column of body_mass_g"],
  ])("%s", (question, known, expected) => {
    expect(read(question, known)).toBe(expected);
  });
});

describe("filters", () => {
  test.each([
    ["average body mass in 2008", BIRDS, "column mean of body_mass_g where year = 2008"],
    ["How many female penguins on Biscoe?", BIRDS, "rows count where sex = FEMALE where island = Biscoe"],
    [
      "mean bill depth per species where island is Dream",
      BIRDS,
      "groups mean of bill_depth_mm per species where island = Dream",
    ],
    ["items with a price above 10", STOCK, "rows where price_eur > 10"],
    ["how many items have a quantity of less than 5", STOCK, "rows count where quantity < 5"],
    ["average salary of employees older than 40", STAFF, "column mean of salary where age > 40"],
    ["employees with salary between 30,000 and 40,000", STAFF, "rows where salary >= 30000 where salary <= 40000"],
    ["total revenue in 2023", SHOPS, "column sum of revenue where date >= 2023-01-01 where date < 2024-01-01"],
    ["total revenue in March 2023", SHOPS, "column sum of revenue where date >= 2023-03-01 where date < 2023-04-01"],
    ["total revenue in dec 2023", SHOPS, "column sum of revenue where date >= 2023-12-01 where date < 2024-01-01"],
    ["total revenue since 2023", SHOPS, "column sum of revenue where date >= 2023-01-01"],
    ["revenue of North Mall", SHOPS, "column sum of revenue where store = North Mall"],
    [
      "mean flipper length per species excluding Torgersen",
      BIRDS,
      "groups mean of flipper_length_mm per species where island != Torgersen",
    ],
    [
      "Compare Biscoe and Dream by body mass",
      BIRDS,
      "groups mean of body_mass_g per island where island = Biscoe|Dream",
    ],
    [
      "Are Gentoo penguins heavier than Adelie penguins?",
      BIRDS,
      "groups mean of body_mass_g per species where species = Gentoo|Adelie",
    ],
    ["rows where supplier = Initech", STOCK, "rows where supplier = Initech"],
    ["mean mass of male Gentoos", BIRDS, "column mean of body_mass_g where sex = MALE where species = Gentoo"],
    [
      "mean mass of birds with flippers longer than 200",
      BIRDS,
      "column mean of body_mass_g where flipper_length_mm > 200",
    ],
    ["the highest temperature in Oslo", WEATHER, "column max,mean of temp_max_c where station = Oslo"],
  ])("%s", (question, known, expected) => {
    expect(read(question, known)).toBe(expected);
  });
});

describe("charts", () => {
  test.each([
    ["Plot the mean body mass per species as a bar chart", BIRDS, "groups mean of body_mass_g per species as bar"],
    ["draw a chart of flipper length by island", BIRDS, "groups mean of flipper_length_mm per island as bar"],
    ["Show the distribution of bill length", BIRDS, "distribution of bill_length_mm as histogram"],
    ["histogram of salary", STAFF, "distribution of salary as histogram"],
    ["plot bill length against flipper length", BIRDS, "pair of bill_length_mm+flipper_length_mm as scatter"],
    ["Is there a relationship between age and salary?", STAFF, "pair of age+salary"],
    ["scatter plot of age vs salary by department", STAFF, "pair of age+salary per department as scatter"],
    ["trend of revenue over time", SHOPS, "groups sum,mean of revenue per date as line"],
    ["line chart of temp_max_c per day", WEATHER, "groups mean of temp_max_c per day as line"],
    [
      "How did precipitation develop over time per station?",
      WEATHER,
      "groups sum,mean of precipitation_mm per day+station as line",
    ],
    ["bar chart of how many penguins per island and sex", BIRDS, "groups count per island+sex as bar"],
    [
      "Which species has the longest flippers? Draw a chart.",
      BIRDS,
      "groups mean,max of flipper_length_mm per species first max as bar",
    ],
    ["average body mass per island per year, no chart please", BIRDS, "groups mean of body_mass_g per island+year"],
  ])("%s", (question, known, expected) => {
    expect(read(question, known)).toBe(expected);
  });
});

describe("the file itself", () => {
  test.each([
    ["what columns does it have?", BIRDS, "overview"],
    ["How many rows are in the file?", BIRDS, "overview"],
    ["Describe the data", BIRDS, "overview"],
    ["Which columns have missing values?", BIRDS, "overview"],
    ["hello there", BIRDS, "overview"],
    ["What does the file contain?", BIRDS, "overview"],
    ["list all suppliers", STOCK, "groups count per supplier"],
    ["which items have a quantity below 10", STOCK, "rows where quantity < 10"],
  ])("%s", (question, known, expected) => {
    expect(read(question, known)).toBe(expected);
  });
});

test("a superlative of something that no column tells is not answered by counting", () => {
  const frame = frameOf(understand("Who is the best supplier?"), STOCK);
  expect(brief(frame)).toBe("overview");
  expect(frame.doubts).toEqual([
    "I found no column that tells the best; the columns of numbers are quantity and price_eur.",
  ]);
});

test("a figure of something that no column tells is said to be counted instead", () => {
  const frame = frameOf(understand("total worth per supplier"), STOCK);
  expect(brief(frame)).toBe("groups count per supplier");
  expect(frame.doubts).toEqual([
    "I could not tell of which column you want the total, so I counted rows; the columns of numbers are quantity and price_eur.",
  ]);
});

test("a period without a column of its own is made of single dates, and said to be", () => {
  const { groups, doubts } = frameOf(understand("total revenue by month"), SHOPS);
  expect(groups.map(({ name }) => name)).toEqual(["date"]);
  expect(doubts).toEqual(["There is no column for the month, so the groups are the single dates of date."]);
});

test("a column that fits as well as the one taken is named as a doubt", () => {
  const { doubts } = frameOf(understand("average bill size per species"), BIRDS);
  expect(doubts).toEqual(["I took the column bill_length_mm; bill_depth_mm would fit too."]);
});
