// Follows a stream many times, for `following.ts`: `node followers.ts <url> <how many> <slow>`. Prints "open" once each of them has its
// answer, and ends with the last of them. Slow ones take nothing until a line arrives on standard input.
import { get } from "node:http";
import { argv, stdin, stdout } from "node:process";

const [, , url = "", count = "1", slow = ""] = argv;
let waiting = Number(count);
for (let each = 0; each < Number(count); each += 1) {
  get(url, { headers: { accept: "text/event-stream" } }, (response) => {
    if (response.statusCode !== 200) throw new Error(`the stream was answered with ${response.statusCode}`);
    if (slow === "slow") stdin.once("data", () => response.resume());
    else response.resume();
    waiting -= 1;
    if (waiting === 0) stdout.write("open\n");
    response.on("close", () => stdin.unref());
  });
}
if (slow !== "slow") stdin.unref();
