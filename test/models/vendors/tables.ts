/** A small table for tests; `null` is a missing value. */
export type Sample = {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
};

const BIRDS: Sample = {
  columns: ["species", "island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex", "year"],
  rows: [
    ["Adelie", "Torgersen", 39.1, 18.7, 181, 3750, "MALE", 2007],
    ["Adelie", "Torgersen", 39.5, 17.4, 186, 3800, "FEMALE", 2007],
    ["Adelie", "Torgersen", null, null, null, null, null, 2007],
    ["Adelie", "Biscoe", 37.8, 18.3, 174, 3400, "FEMALE", 2007],
    ["Adelie", "Dream", 39.5, 16.7, 178, 3250, "FEMALE", 2008],
    ["Adelie", "Dream", 37.2, 18.1, 212, 3900, "MALE", 2009],
    ["Gentoo", "Biscoe", 46.1, 13.2, 211, 4500, "FEMALE", 2007],
    ["Gentoo", "Biscoe", 50.0, 16.3, 230, 5700, "MALE", 2008],
    ["Gentoo", "Biscoe", 48.7, 14.1, 210, 4450, "FEMALE", 2008],
    ["Gentoo", "Biscoe", 50.0, 15.2, 218, 5700, "MALE", 2009],
    ["Chinstrap", "Dream", 46.5, 17.9, 192, 3500, "FEMALE", 2007],
    ["Chinstrap", "Dream", 50.0, 19.5, 196, 3900, "MALE", 2008],
    ["Chinstrap", "Dream", 51.3, 19.2, 193, 3650, "MALE", 2009],
  ],
};

const SALES: Sample = {
  columns: ["date", "store", "product", "units_sold", "unit_price", "revenue"],
  rows: [
    ["2024-01-01", "North Mall", "tea", 10, 2.5, 25],
    ["2024-01-01", "Harbour", "tea", 4, 2.5, 10],
    ["2024-01-02", "North Mall", "coffee", 7, 4, 28],
    ["2024-01-02", "Harbour", "coffee", 12, 4, 48],
    ["2024-01-03", "Old Town", "cake", 3, 5.5, 16.5],
    ["2024-01-03", "Harbour", "cake", 2, 5.5, 11],
    ["2024-01-03", "North Mall", "tea", 6, 2.5, 15],
  ],
};

const WEATHER: Sample = {
  columns: ["day", "station", "temp_max_c", "precipitation_mm", "wind_speed_kmh"],
  rows: [
    ["2024-06-01", "Oslo", 21.5, 0, 12],
    ["2024-06-01", "Bergen", 15.2, 8.4, 25],
    ["2024-06-02", "Oslo", 24.1, 0.2, 9],
    ["2024-06-02", "Bergen", 14.8, 11.1, 31],
    ["2024-06-03", "Oslo", 19.9, 2.5, 14],
    ["2024-06-03", "Bergen", 16, 3.3, 18],
  ],
};

const STOCK: Sample = {
  columns: ["item", "category", "quantity", "price_eur", "supplier"],
  rows: [
    ["hammer", "tools", 12, 18.9, "Acme"],
    ["saw", "tools", 3, 24.5, "Globex"],
    ["bolt", "fasteners", 400, 0.15, "Acme"],
    ["nut", "fasteners", 380, 0.1, "Acme"],
    ["drill", "tools", 2, 89, "Globex"],
  ],
};

const CITIES: Sample = {
  columns: ["city", "country", "population", "area_km2"],
  rows: [
    ["Tokyo", "Japan", 37_400_068, 2194],
    ["Delhi", "India", 28_514_000, 1484],
    ["Shanghai", "China", 25_582_000, 6341],
    ["Cairo", "Egypt", 20_076_000, 3085],
    ["Mumbai", "India", 19_980_000, 603],
    ["Beijing", "China", 19_618_000, 16_411],
    ["Osaka", "Japan", 19_281_000, 225],
  ],
};

export const SAMPLES: { readonly [path: string]: Sample } = {
  "birds.csv": BIRDS,
  "uploads/birds.csv": BIRDS,
  "shop/sales.csv": SALES,
  "weather.tsv": WEATHER,
  "stock.csv": STOCK,
  "cities.csv": CITIES,
};

/** The table as CSV text. */
export const csvOf = ({ columns, rows }: Sample, delimiter = ","): string =>
  [columns, ...rows].map((row) => row.map((cell) => cell ?? "").join(delimiter)).join("\n");
