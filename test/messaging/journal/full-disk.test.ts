import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDirectory } from "../../helpers/temp.ts";
import { bundleDriver } from "./bundle.ts";
import { Life } from "./kill-loop.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("message.full-disk");

/** No file may become larger than 1 MiB until the limit is lifted; the system's error is as good as a full disk's. */
const FULL = 'trap "" XFSZ; ulimit -S -f 2048; exec "$0" "$@"';
const MESSAGES = 3_000;
const TOGETHER = 100;

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
};

/** What a server says. */
class Said {
  readonly accepted = new Set<string>();
  readonly refused = new Set<string>();
  readonly worked = new Set<string>();
  readonly codes = new Set<string>();

  hear(line: string): void {
    const [what, number = ""] = line.split(" ");
    if (what === "A") this.accepted.add(number);
    if (what === "P") this.worked.add(number);
    if (what !== "X") return;
    this.refused.add(number);
    this.codes.add(/"code":"([A-Z_]+)"/.exec(line)?.[1] ?? line);
  }
}

test("a full disk refuses messages, loses none, and takes them when there is room again", async () => {
  using directory = tempDirectory();
  const driver = await bundleDriver(directory.path);
  const data = join(directory.path, "data");
  const numbers = Array.from({ length: MESSAGES }, (_none, number) => number);
  const said = new Said();
  const life = new Life(driver, data, (line) => said.hear(line), FULL);
  life.send(["open"]);
  await life.ready.promise;
  for (let from = 0; from < MESSAGES; from += TOGETHER) {
    life.send(numbers.slice(from, from + TOGETHER));
    await until(() => said.accepted.size + said.refused.size >= Math.min(MESSAGES, from + TOGETHER));
  }
  expect(said.accepted.size).toBeGreaterThan(0);
  expect(said.refused.size).toBeGreaterThan(0);
  expect([...said.codes]).toEqual(["MESSAGE_NOT_STORED"]);

  execFileSync("prlimit", ["--pid", String(life.pid), "--fsize=unlimited"]);
  const again = [...said.refused];
  life.send(again);
  await until(() => said.accepted.size === MESSAGES);
  await until(() => said.worked.size === MESSAGES);
  await life.kill();

  // Whatever was settled in time does not come back; what was not, does.
  const next = new Life(driver, data, (line) => said.hear(line));
  next.send(["open"]);
  await next.ready.promise;
  next.send(["end"]);
  await next.ended.promise;
  await next.kill();
}, 120_000);
