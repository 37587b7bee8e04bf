import { expect, test } from "vitest";
import { type Played, playTasks } from "./endings.ts";

// More of them: `npm run soak -- --task-plays 5000`.
test("a task that is done has a finished conversation, and its winner and losers heard it, whatever goes wrong at any step", async () => {
  const played: Played[] = [];
  for (let seed = 1; seed <= 36; seed += 1) played.push(await playTasks(seed));
  // Notices of the server to bidders that lose them, and deadlines and notices that the disk does not take.
  // Ends of auctions whose conversations were over before a crash. Bids below a reserve. A deletion that the disk does not take.
  for (const seed of [381, 433, 845, 1087, 1680, 1743, 2364, 44, 50, 752]) played.push(await playTasks(seed));
  const sum = (of: (one: Played) => number) => played.reduce((all, one) => all + of(one), 0);
  // It says something only if all of these happen often.
  expect(sum(({ done }) => done)).toBeGreaterThan(20);
  expect(sum(({ tasks, done }) => tasks - done)).toBeGreaterThan(5);
  expect(sum(({ lives }) => lives - 1)).toBeGreaterThan(20);
});
