/** Rebuilds the committed guests of `test/tools/abi`: `npx node scripts/build-abi-guests.ts [name …]`, all of them by default. */
import { writeFileSync } from "node:fs";
import process, { stdout } from "node:process";
import { buildSmall, hashesOf, PINS_FILE, SMALL_NAMES } from "../test/tools/abi/guests.ts";

const wanted = process.argv.slice(2);
for (const name of SMALL_NAMES) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  buildSmall(name);
  stdout.write(`${name}\n`);
}
const pins = Object.fromEntries(SMALL_NAMES.map((name) => [name, hashesOf(name)]));
writeFileSync(PINS_FILE, `${JSON.stringify(pins, null, 2)}\n`);
