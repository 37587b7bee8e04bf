/**
 * A process whose memory is switched to PostgreSQL while it is changed, until it is killed:
 * `node cutover-driver.ts <directory> <url> <writer>`. Says `B <name>` before and `D <acknowledged>` after each change, `P <phase>` as
 * the migration proceeds, `N` before and `M` after the cutover is noted, `E` at the end.
 */
import { argv } from "node:process";
import { MemoryMigrations } from "../../src/memory/transfer/index.ts";
import { say } from "../helpers/say.ts";
import { changeConcurrently } from "../memory/transfer/concurrent-changes.ts";
import { inPlace, migrationsOf, notesOf, openMemory } from "../memory/transfer/within.ts";
import { postgresqlAt } from "./postgresql-at.ts";

const [, , directory = ".", url = "", writer = ""] = argv;
const files = notesOf(directory);
const used = await MemoryMigrations.settle("embedded", files);
const places = { postgresql: () => postgresqlAt(url) };
await using opened = await openMemory(directory, inPlace(used, directory, places));
const noted = {
  read: () => files.notes.read(),
  remove: () => files.notes.remove(),
  write: async (note: Parameters<typeof files.notes.write>[0]) => {
    say("N");
    await files.notes.write(note);
    say("M");
  },
};
const { migrate } = migrationsOf({ ...opened, notes: noted }, places);
let left = Number.POSITIVE_INFINITY;
const writers = ["one", "two"].map((which) =>
  changeConcurrently(opened.memory, {
    writer: `${writer} ${which}`,
    isOver: () => left <= 0,
    begins: (name) => say(`B ${name}`),
    done: (acknowledged) => {
      left -= 1;
      say(`D ${JSON.stringify(acknowledged)}`);
    },
  }),
);
if (used === "embedded")
  await migrate("embedded", "postgresql", { isCutover: true, onProgress: ({ phase }) => say(`P ${phase}`) });
left = 20;
await Promise.all(writers);
say("E");
