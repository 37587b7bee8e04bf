// Vectors in sqlite-vec, LanceDB or usearch: `node vectors.mjs <peer> <vectors.f32> <queries.f32> <dims>`, run in a directory where
// the peer is installed. Prints the time of each search, the rows it found, and what an insert took.
import { readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [peer, vectorsFile, queriesFile, dimsText] = process.argv.slice(2);
const dims = Number(dimsText);
const need = createRequire(join(process.cwd(), "here.js"));
const load = (name) => import(pathToFileURL(need.resolve(name)).href);
const floats = (file) => {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
};
const vectors = floats(vectorsFile);
const queries = floats(queriesFile);
const rows = vectors.length / dims;
const part = (array, index) => array.subarray(index * dims, (index + 1) * dims);

const bytes = (vector) => new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);

const OPEN = {
  async "sqlite-vec"() {
    const { DatabaseSync } = await import("node:sqlite");
    const { getLoadablePath } = await load("sqlite-vec");
    const database = new DatabaseSync(":memory:", { allowExtension: true });
    database.loadExtension(getLoadablePath());
    database.exec(`create virtual table v using vec0(e float[${dims}] distance_metric=cosine)`);
    const insert = database.prepare("insert into v(rowid, e) values (?, ?)");
    database.exec("begin");
    for (let row = 0; row < rows; row += 1) insert.run(BigInt(row), bytes(part(vectors, row)));
    database.exec("commit");
    const select = database.prepare("select rowid as id from v where e match ? and k = 10 order by distance");
    return (query) => select.all(bytes(query)).map(({ id }) => id);
  },
  async "@lancedb/lancedb"() {
    const lance = await load("@lancedb/lancedb");
    const path = join(process.cwd(), "lance-data");
    rmSync(path, { recursive: true, force: true });
    const database = await lance.connect(path);
    const all = Array.from({ length: rows }, (_none, id) => ({ id, vector: Array.from(part(vectors, id)) }));
    const table = await database.createTable("v", all);
    const select = (query) =>
      table.search(Array.from(query)).distanceType("cosine").select(["id", "_distance"]).limit(10).toArray();
    return async (query) => (await select(query)).map(({ id }) => id);
  },
  async usearch() {
    const { default: usearch } = await load("usearch");
    const index = new usearch.Index({ metric: "cos", connectivity: 16, dimensions: dims });
    for (let row = 0; row < rows; row += 1) index.add(BigInt(row), part(vectors, row));
    return (query) => [...index.search(query, 10, 0).keys].map(Number);
  },
};

const began = performance.now();
const search = await OPEN[peer]();
const insertUs = ((performance.now() - began) / rows) * 1000;
const found = [];
const timesMs = [];
for (let asked = 0; asked < queries.length / dims; asked += 1) {
  const query = part(queries, asked).slice();
  const from = performance.now();
  found.push(await search(query));
  timesMs.push(performance.now() - from);
}
process.stdout.write(`${JSON.stringify({ insertUs, timesMs, found })}\n`);
