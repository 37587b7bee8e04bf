/** Meaning of a superlative: a direction, and the possible kinds of column. */
export type Superlative = {
  readonly direction: "max" | "min";
  /** Stems of column names. Empty: any numeric column. */
  readonly means: readonly string[];
  /** Kinds of column on which the direction is turned round: the oldest has the smallest year. */
  readonly inverted: readonly string[];
};

/** "word:other …" as an object. */
const pairs = (words: string): { readonly [word: string]: string | undefined } =>
  Object.fromEntries(words.split(" ").map((pair) => pair.split(":")));
const list = (words: string): readonly string[] => words.split(" ").filter((word) => word !== "");

/** Adjectives whose superlative is formed by an ending or by "most" and "least": the column kinds they speak of. */
const ADJECTIVES: { readonly [adjective: string]: readonly [means: string, inverted?: string] | undefined } =
  Object.fromEntries(
    (
      "long:length,duration,runtime,distance,time,stay,delay far:distance tall:height high: heavy:mass,weight " +
      "wide:width deep:depth thick:thickness,depth expensive:price,cost,fare,fee,amount costly:cost,price " +
      "pricey:price,cost old:age:year,date,birth,founded,built,commissioned,established fast:speed,velocity,pace:duration,latency,time " +
      "hot:temperature,temp warm:temperature,temp wet:rain,rainfall,precipitation humid:humidity windy:wind,gust " +
      "sunny:sun,sunshine rich:income,salary,wealth,gdp powerful:horsepower,power strong:strength,force,power " +
      "large:size,area,population big:size,area,population populous:population dense:density profitable:profit,margin " +
      "recent:date,year,time late:date,time,year"
    )
      .split(" ")
      .map((entry) => entry.split(":").map((kinds) => kinds.replaceAll(",", " ")))
      .map(([word = "", means = "", inverted = ""]) => [word, [means, inverted]] as const),
  );

/** Opposites of adjectives: "light" is the small end of "heavy". */
const OPPOSITES: { readonly [word: string]: string | undefined } = pairs(
  "short:long low:high light:heavy narrow:wide shallow:deep thin:thick cheap:expensive inexpensive:expensive " +
    "young:old new:old slow:fast cold:hot cool:warm dry:wet poor:rich weak:strong small:large early:late",
);

const SCORES = list("rating score grade");
const MOMENTS = list("date time year");
const end = (direction: "max" | "min", means: readonly string[] = []): Superlative => ({
  direction,
  means,
  inverted: [],
});
const IRREGULAR: { readonly [word: string]: Superlative | undefined } = {
  ...Object.fromEntries(
    list("most greatest biggest maximum maximal top peak leading highest best").map((word) => [word, end("max")]),
  ),
  ...Object.fromEntries(list("least fewest minimum minimal bottom lowest worst").map((word) => [word, end("min")])),
  best: end("max", SCORES),
  worst: end("min", SCORES),
  biggest: end("max", list("size area population")),
  hottest: end("max", list("temperature temp")),
  wettest: end("max", list("rain rainfall precipitation")),
  thinnest: end("min", list("thickness")),
  latest: end("max", MOMENTS),
  newest: end("max", MOMENTS),
  busiest: end("max"),
  quietest: end("min"),
  first: end("min", MOMENTS),
  last: end("max", MOMENTS),
  furthest: end("max", ["distance"]),
  farthest: end("max", ["distance"]),
};

const adjectiveOf = (word: string): string | undefined => {
  const root = word.slice(0, -3);
  const candidates = [root, `${root}e`, root.replace(/i$/, "y"), root.replace(/(.)\1$/, "$1"), word.slice(0, -2)];
  return candidates.find((candidate) => candidate in ADJECTIVES || candidate in OPPOSITES);
};

function extreme(adjective: string, most: boolean): Superlative | undefined {
  const opposite = OPPOSITES[adjective];
  const [means = "", inverted = ""] = ADJECTIVES[opposite ?? adjective] ?? [];
  if (!(adjective in ADJECTIVES) && opposite === undefined) return undefined;
  const direction = most === (opposite === undefined) ? "max" : "min";
  return { direction, means: list(means), inverted: list(inverted) };
}

/** Returns the superlative of a word, alone ("heaviest") or after "most" or "least" ("most expensive"). */
export function superlative(word: string, previous: string | undefined): Superlative | undefined {
  if (previous === "most" || previous === "least") {
    const extended = extreme(word, previous === "most");
    if (extended !== undefined) return extended;
  }
  if (Object.hasOwn(IRREGULAR, word)) return IRREGULAR[word];
  if (!word.endsWith("est")) return undefined;
  const adjective = adjectiveOf(word);
  return adjective === undefined ? undefined : extreme(adjective, true);
}

/** Returns the quality of a comparative ("heavier") or an adjective ("heavy"); undefined for other words. */
export function comparative(word: string): Superlative | undefined {
  if (word === "more" || word === "greater") return end("max");
  if (word === "less" || word === "fewer") return end("min");
  if (word === "better" || word === "worse") return end(word === "better" ? "max" : "min", SCORES);
  const adjective = word.endsWith("er") ? adjectiveOf(`${word.slice(0, -2)}est`) : undefined;
  return adjective === undefined ? undefined : extreme(adjective, true);
}
export const adjective = (word: string): Superlative | undefined =>
  word === "good" || word === "bad" ? undefined : extreme(word, true);

/** Words that mean the same as a part of a column's name; both ways. */
const SYNONYM_GROUPS: readonly (readonly string[])[] = (
  "mass weight weigh|price cost|revenue turnover|quantity qty unit|amount spend spent spending expense|sex gender|" +
  "country nation|city town|product item article|genre category|shop store branch|customer client buyer|" +
  "employee staff worker|salary wage pay earn earning|temperature temp|rain rainfall precipitation|beak bill|" +
  "population inhabitant person people pop|score mark|rating rated|name title|supplier vendor|department dept|" +
  "horsepower power hp|max maximum|min minimum|avg average mean|duration runtime|film movie|carrier airline|" +
  "minute min|identifier id|mpg economy|tip gratuity|departure dep depart departed|arrival arr arrive arrived|" +
  "destination dest|performance perf|manufacturer mfr maker brand make|expectancy exp|experience exp|capita cap|" +
  "percapita percap|education edu educ|customer cust|product prod|category cat|manager mgr|location loc|" +
  "distance dist|precipitation precip prcp|humidity hum|weight wt|height ht|average avg|percentage pct percent|" +
  "employee emp|transaction txn|displacement disp|acceleration accel|transmission trans|magnitude mag|station stn|" +
  "description desc|attendance spectator|magnitude strength|admission admit admitted|readmission readmitted|" +
  "discharge discharged|purchase purchased bought|language lang|class pclass|close closing closed|open opening|" +
  "position pos|point pts|rebound reb trb|assist ast|symbol ticker stock share|death died die dead|case infection|" +
  "neighborhood neighbourhood|color colour"
)
  .split("|")
  .map((group) => group.split(" "));

/** Stems that mean the same as `stem` in names of columns, without itself. */
export function synonymsOf(stem: string): readonly string[] {
  return SYNONYM_GROUPS.filter((group) => group.includes(stem)).flatMap((group) =>
    group.filter((word) => word !== stem),
  );
}

/** Nouns for what a row of a table is, by the names of files and of columns that number the rows. */
const ROW_NOUNS: readonly (readonly string[])[] = (
  "employee staff worker person colleague|car auto automobile vehicle model|film movie|" +
  "order purchase transaction sale|house home listing property|patient case|student pupil exam|penguin bird|" +
  "reading measurement sensor observation|ticket issue case|player footballer|flight departure|expense expenditure|" +
  "loan checkout|subscription subscriber|passenger titanic traveller traveler person|strike birdstrike|" +
  "country nation|visit admission|trip ride journey|iris flower plant|diamond stone gem|match game fixture|" +
  "survey respondent participant person answer response developer|respondent participant person|" +
  "customer client subscriber user person|earthquake quake event|accident crash collision incident|" +
  "crime incident offence|book title novel|song track|recipe dish|cereal product|transaction purchase payment|" +
  "donation gift|course class|call|apartment flat listing|athlete competitor|invoice bill"
)
  .split("|")
  .map((group) => group.split(" "));
export const rowNounsOf = (stem: string): readonly string[] => [
  stem,
  ...ROW_NOUNS.filter((group) => group.includes(stem)).flat(),
];

const AMERICA = ["us", "usa", "u.s.", "united states", "united states of america", "america"];
/** Other spellings under which a word can stand in a table. */
const ALTERNATIVES: { readonly [word: string]: readonly string[] | undefined } = {
  ...Object.fromEntries([...AMERICA, "american", "americans"].map((word) => [word, AMERICA])),
  ...Object.fromEntries(list("woman women female females girl girls").map((word) => [word, ["female", "f", "woman"]])),
  ...Object.fromEntries(list("man men male males boy boys").map((word) => [word, ["male", "m", "man"]])),
  ...Object.fromEntries(
    ["uk", "united kingdom", "britain", "british", "great britain"].map((word) => [
      word,
      ["uk", "united kingdom", "great britain", "england"].slice(0, 3),
    ]),
  ),
  ...Object.fromEntries(
    (
      "japanese:japan german:germany french:france italian:italy spanish:spain swedish:sweden norwegian:norway danish:denmark " +
      "finnish:finland dutch:netherlands belgian:belgium swiss:switzerland austrian:austria polish:poland czech:czechia " +
      "hungarian:hungary greek:greece portuguese:portugal irish:ireland english:england scottish:scotland russian:russia " +
      "ukrainian:ukraine turkish:turkey chinese:china indian:india korean:korea thai:thailand vietnamese:vietnam " +
      "indonesian:indonesia australian:australia canadian:canada mexican:mexico brazilian:brazil argentinian:argentina " +
      "chilean:chile colombian:colombia peruvian:peru egyptian:egypt nigerian:nigeria kenyan:kenya ghanaian:ghana " +
      "moroccan:morocco israeli:israel european:europe asian:asia african:africa romanian:romania bulgarian:bulgaria croatian:croatia " +
      "win:won wins:won lose:lost loses:lost rainy:rain snowy:snow sunny:sun foggy:fog drizzly:drizzle cloudy:cloud windy:wind " +
      "monday:mon tuesday:tue wednesday:wed thursday:thu friday:fri saturday:sat sunday:sun " +
      "mondays:mon tuesdays:tue wednesdays:wed thursdays:thu fridays:fri saturdays:sat sundays:sun " +
      "thursday:thur january:jan february:feb march:mar april:apr june:jun july:jul august:aug september:sep october:oct november:nov december:dec"
    )
      .split(" ")
      .map((pair) => pair.split(":"))
      .map(([word = "", other = ""]) => [word, [other]]),
  ),
  ...Object.fromEntries(
    (
      "alabama:al alaska:ak arizona:az arkansas:ar california:ca colorado:co connecticut:ct delaware:de florida:fl georgia:ga hawaii:hi idaho:id " +
      "illinois:il indiana:in iowa:ia kansas:ks kentucky:ky louisiana:la maine:me maryland:md massachusetts:ma michigan:mi minnesota:mn " +
      "mississippi:ms missouri:mo montana:mt nebraska:ne nevada:nv new_hampshire:nh new_jersey:nj new_mexico:nm new_york:ny north_carolina:nc " +
      "north_dakota:nd ohio:oh oklahoma:ok oregon:or pennsylvania:pa rhode_island:ri south_carolina:sc south_dakota:sd tennessee:tn texas:tx utah:ut " +
      "vermont:vt virginia:va washington:wa west_virginia:wv wisconsin:wi wyoming:wy"
    )
      .split(" ")
      .map((pair) => pair.replace("_", " ").split(":"))
      .map(([state = "", code = ""]) => [state, [code]]),
  ),
  thursday: ["thu", "thur", "thurs"],
  thursdays: ["thu", "thur", "thurs"],
};
export const alternativesOf = (phrase: string): readonly string[] => ALTERNATIVES[phrase] ?? [];

export type Aggregate = "count" | "sum" | "mean" | "median" | "min" | "max" | "std" | "distinct" | `p${number}`;

const of = (aggregate: Aggregate, words: string) =>
  list(words).map((word): readonly [string, Aggregate] => [word, aggregate]);

/** Words that name an aggregate, in requests and in the enums of schemas. */
export const AGGREGATE_WORDS: { readonly [word: string]: Aggregate | undefined } = Object.fromEntries([
  ...of("mean", "average averages averaged avg mean means typical typically"),
  ...of("median", "median medians"),
  ...of("sum", "total totals sum sums combined altogether overall-sum"),
  ...of("count", "count counts size n"),
  ...of("max", "maximum max"),
  ...of("min", "minimum min"),
  ...of("std", "std stddev stdev sd standard_deviation"),
  ...of("distinct", "distinct unique different count_distinct nunique"),
]);

/** Values that add up over rows, so that a figure of them without a word for it means their sum. */
export const ADDITIVE = new Set(
  list(
    "sale revenue turnover amount quantity qty unit sold total volume profit rainfall rain precipitation visit view download spend goal win vote signup click consumption passenger minute assist expense cost gross budget outage people death case strike order generation production output",
  ),
);

/** Values whose mean is meant where no word says what of them. */
export const AVERAGED = new Set(
  list(
    "price rate age score rating temperature temp salary income wage height weight mass length width depth delay duration speed distance humidity health fertility expectancy expect mpg horsepower acceleration bmi hour size tip bill share level satisfaction wind max min average avg mean median pct percent rank year fee pressure index ratio fare gallon displacement cylinder lifespan rainfall visibility",
  ),
);

/** Words that carry no meaning for the choice of a tool or a search. */
export const STOP_WORDS = new Set(
  list(
    "a an the this that these those it its of in on at to from for with within by per and or not no is are was were be been do does did has have had " +
      "what which who whose where when how why much many there here please can could would will shall should may might me my i we us our you your they them their he she " +
      "show tell give find get make let want need like using use based about into over under than then so as if but also all any each every some between among across vs versus against " +
      "file files csv data table dataset column columns field fields row rows value values chart plot graph draw visualise visualize request following available context question answer",
  ),
);
