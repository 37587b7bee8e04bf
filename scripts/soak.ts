// Kills Caxton repeatedly, for a given time: `npx node scripts/soak.ts [--kills N] [--seconds N] [--seed N]`.
// First schedules in which a simulated process dies between any two of its writes, for that many seconds; then a real server
// that is killed with SIGKILL that many times under load, watched from outside; then with threads, delegation and a trigger
// (`--thread-kills N`). Then the same for messages: a router with its
// journal is killed (`--message-kills N`), and loses its power (`--power-cuts N`); and tasks whose bidders, disk and server fail
// at random steps (`--task-plays N`). What does not hold ends it with the seed.
import { parseArgs } from "node:util";
import { openWorld, runSchedule } from "../test/simulation/crash-world.ts";
import { threadKillLoop } from "../test/simulation/thread-kill-loop.ts";
import { killLoop } from "../test/simulation/kill-loop.ts";
import { messageKillLoop } from "../test/messaging/journal/kill-loop.ts";
import { powerCuts } from "../test/messaging/journal/power-cut.ts";
import { playTasks } from "../test/messaging/tasks/endings.ts";

const TOGETHER = 20;
const REPORT_EVERY = 1_000;
const POWER_CUT_MESSAGES = 10_000;

const { values: given } = parseArgs({
  options: {
    kills: { type: "string", default: "100" },
    "thread-kills": { type: "string", default: "60" },
    "message-kills": { type: "string", default: "1000" },
    "power-cuts": { type: "string", default: "500" },
    "task-plays": { type: "string", default: "1000" },
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function simulate(seconds: number, first: number): Promise<void> {
  const endMs = performance.now() + seconds * 1_000;
  using world = openWorld();
  let crashes = 0;
  let seed = first;
  while (performance.now() < endMs) {
    const seeds = Array.from({ length: TOGETHER }, (_none, index) => seed + index);
    for (const played of await Promise.all(seeds.map((each) => runSchedule(world, each)))) crashes += played.crashes;
    seed += TOGETHER;
    if ((seed - first) % REPORT_EVERY === 0) say(`${seed - first} schedules, ${crashes} crashes`);
  }
  say(`${seed - first} schedules with ${crashes} crashes: nothing lost, nothing repeated (seeds from ${first})`);
}

const seed = Number(given.seed);
if (Number(given.seconds) > 0) await simulate(Number(given.seconds), seed);
const kills = Number(given.kills);
if (kills > 0) {
  const report = await killLoop(kills, seed, (done) => {
    if (done % 10 === 0) say(`${done} kills`);
  });
  say(
    `${report.kills} kills: ${report.accepted} runs accepted, ${report.completed} completed, ${report.lines} lines written, ` +
      `${report.decided} calls decided on: nothing lost, nothing doubled (seed ${seed})`,
  );
}
const threadKills = Number(given["thread-kills"]);
if (threadKills > 0) {
  const report = await threadKillLoop(threadKills, seed, (done) => {
    if (done % 10 === 0) say(`${done} kills with threads`);
  });
  say(
    `${report.kills} kills: ${report.turns} turns of threads, ${report.delegations} delegations, ${report.handoffs} hand-offs, ${report.fires} slots of a trigger, ` +
      `${report.decided} calls decided on: nothing lost, nothing doubled, every child below its parent (seed ${seed})`,
  );
}
const messageKills = Number(given["message-kills"]);
if (messageKills > 0) {
  const report = await messageKillLoop(messageKills, seed, (done) => {
    if (done % 50 === 0) say(`${done} kills of the router`);
  });
  say(
    `${report.kills} kills: ${report.accepted} messages accepted, ${report.repeated} deliveries worked on more than once: ` +
      `nothing lost, nothing settled came back (seed ${seed})`,
  );
}
const cuts = Number(given["power-cuts"]);
if (cuts > 0) {
  const report = await powerCuts({ cuts, messages: POWER_CUT_MESSAGES, seed });
  say(
    `${report.cuts} power cuts in ${report.writes} writes: nothing of class full lost; ${report.lostNormal} cuts lost something ` +
      `of class normal, after ${report.cameBack} something settled came back (seed ${seed})`,
  );
}
const plays = Number(given["task-plays"]);
if (plays > 0) {
  let [tasks, done] = [0, 0];
  for (let play = 0; play < plays; play += 1) {
    const played = await playTasks(seed + play);
    tasks += played.tasks;
    done += played.done;
  }
  say(
    `${tasks} tasks in ${plays} plays, ${done} done: each ended as its conversation did, and its bidders heard it (seeds from ${seed})`,
  );
}
