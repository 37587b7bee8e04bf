// Vectors in sqlite-vec, LanceDB or usearch: `node vectors.mjs <peer> <directory> <dims>`. The directory holds vectors.f32 and
// queries.f32. Without what the peer keeps there it is filled first; otherwise it is opened. Prints what that took until the first
// answer, the time of each search and the rows it found, its memory and its file.
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const [, , peer, directory, dimsText] = process.argv;
const dims = Number(dimsText);
const began = performance.now();
const place = join(directory, peer.replace("/", "-"));
const isThere = existsSync(place);
mkdirSync(place, { recursive: true });

const floats = (name) => {
  const bytes = readFileSync(join(directory, name));
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
};
const part = (array, index) => array.subarray(index * dims, (index + 1) * dims);
const bytes = (vector) => new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);

/** Rows that LanceDB takes at once. */
const ADDED = 100_000;

const OPEN = {
  async "sqlite-vec"(vectors, rows) {
    const { DatabaseSync } = await import("node:sqlite");
    const { getLoadablePath } = await import("sqlite-vec");
    const database = new DatabaseSync(join(place, "vectors.db"), { allowExtension: true });
    database.loadExtension(getLoadablePath());
    // All of it in memory, once it was read.
    database.exec("pragma journal_mode = wal; pragma cache_size = -2000000");
    if (vectors) {
      database.exec(`create virtual table v using vec0(e float[${dims}] distance_metric=cosine)`);
      const insert = database.prepare("insert into v(rowid, e) values (?, ?)");
      database.exec("begin");
      for (let row = 0; row < rows; row += 1) insert.run(BigInt(row), bytes(part(vectors, row)));
      database.exec("commit");
    }
    const select = database.prepare("select rowid as id from v where e match ? and k = 10 order by distance");
    return (query) => select.all(bytes(query)).map(({ id }) => id);
  },
  async "@lancedb/lancedb"(vectors, rows) {
    const lance = await import("@lancedb/lancedb");
    const database = await lance.connect(place);
    if (vectors) {
      const some = (at) =>
        Array.from({ length: Math.min(ADDED, rows - at) }, (_none, more) => ({
          id: at + more,
          vector: Array.from(part(vectors, at + more)),
        }));
      const fresh = await database.createTable("v", some(0));
      for (let at = ADDED; at < rows; at += ADDED) await fresh.add(some(at));
    }
    const table = await database.openTable("v");
    const select = (query) =>
      table.search(Array.from(query)).distanceType("cosine").select(["id", "_distance"]).limit(10).toArray();
    return async (query) => (await select(query)).map(({ id }) => id);
  },
  async usearch(vectors, rows) {
    const { Index, MetricKind } = await import("usearch");
    const index = new Index({ metric: MetricKind.Cos, connectivity: 16, dimensions: dims });
    const file = join(place, "vectors.usearch");
    if (vectors) {
      for (let row = 0; row < rows; row += 1) index.add(BigInt(row), part(vectors, row));
      index.save(file);
    } else index.load(file);
    return (query) => [...index.search(query, 10, 0).keys].map(Number);
  },
};

const vectors = isThere ? undefined : floats("vectors.f32");
const rows = vectors ? vectors.length / dims : 0;
const from = performance.now();
const search = await OPEN[peer](vectors, rows);
const insertUs = rows > 0 ? ((performance.now() - from) / rows) * 1000 : 0;
const queries = floats("queries.f32");
await search(part(queries, 0).slice());
const firstMs = performance.now() - began;
const found = [];
const timesMs = [];
for (let asked = 0; asked < queries.length / dims; asked += 1) {
  const query = part(queries, asked).slice();
  const before = performance.now();
  found.push(await search(query));
  timesMs.push(performance.now() - before);
}
const fileBytes = readdirSync(place, { recursive: true })
  .map((name) => statSync(join(place, name)))
  .reduce((sum, one) => sum + (one.isFile() ? one.size : 0), 0);
const rssBytes = process.memoryUsage().rss;
process.stdout.write(`${JSON.stringify({ insertUs, firstMs, timesMs, found, rssBytes, fileBytes })}\n`);
process.exit(0);
