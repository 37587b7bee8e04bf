import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type RunStreamEvent, runs, type ServerEvent, system } from "../../src/api/contract/index.ts";
import { EventStreamReader } from "../../src/api/client/index.ts";
import { CaxtonProcess } from "../helpers/process.ts";
import { repository } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";
import { freePort } from "../helpers/free-port.ts";

verifies("api.resume");

const WORDS = "The file has 344 rows, as it had before the server was killed.";
/** What the model does; it takes as long as is said before it writes. */
const script = (delayMs: number): string =>
  JSON.stringify([
    { toolCalls: [{ name: "csv_parser__describe", arguments: { path: "examples/data/penguins.csv" } }] },
    { text: WORDS, chunkChars: 4, delayMs },
  ]);
/** Longer than any machine needs until the server is killed. */
const ENDLESS_MS = 600_000;
const AGENT = `name = "steady"
version = "1.0.0"
capabilities = ["data-analysis"]
tools = ["csv_parser"]
system_prompt = "Answer from the file."
`;

function workplace(port: number): Disposable & { readonly path: string } {
  const directory = tempDirectory();
  cpSync(join(repository, "examples/data"), join(directory.path, "examples/data"), { recursive: true });
  mkdirSync(join(directory.path, "agents"));
  writeFileSync(join(directory.path, "agents/steady.toml"), AGENT);
  writeFileSync(join(directory.path, "script.json"), script(ENDLESS_MS));
  const config = `[server]\nport = ${port}\n[models]\ndefault = "scripted/script.json"\nscripted_directory = "."\n`;
  writeFileSync(join(directory.path, "caxton.toml"), config);
  return directory;
}

async function serve(cwd: string): Promise<{ readonly server: CaxtonProcess; readonly url: string }> {
  const server = new CaxtonProcess(["serve", "-o", "json"], { cwd });
  const [, url = ""] = await server.printed(/"url":"(http:[^"]+)"/);
  return { server, url };
}

type Read = { readonly id: string; readonly data: string };

/** What a client of its own reads of a stream until an event fits; it comes back with `lastEventId`. */
async function read(url: string, lastEventId: string, fits: (data: string) => boolean): Promise<readonly Read[]> {
  const leaving = new AbortController();
  const headers = { accept: "text/event-stream", ...(lastEventId === "" ? {} : { "last-event-id": lastEventId }) };
  const response = await fetch(url, { headers, signal: leaving.signal });
  const reader = new EventStreamReader(lastEventId);
  const events: Read[] = [];
  if (!response.body) throw new Error("no body");
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    for (const event of reader.push(piece)) {
      events.push(event);
      if (!fits(event.data)) continue;
      leaving.abort();
      return events;
    }
  }
  return events;
}

const asRun = ({ data }: Read): RunStreamEvent => runs.RunStreamEvent.parse(JSON.parse(data));
const asServer = ({ data }: Read): ServerEvent => system.ServerEvent.parse(JSON.parse(data));
/** The ids of what is kept in the journal; a delta that passes by has the id of the event before it. */
const kept = (events: readonly Read[]): readonly string[] =>
  events.filter((event) => asRun(event).type !== "text-delta" && event.id !== "").map(({ id }) => id);
const lastId = (events: readonly Read[]): string => events.at(-1)?.id ?? "";
const isEnd = (data: string) => data.startsWith('{"type":"end"');
const hasEnded = (data: string) => data.includes('"state":"completed"');

/** Starts the run and waits for it, with a key; rejects when the server dies before it answers. */
const startOnce = (url: string): Promise<Response> =>
  fetch(`${url}/api/v1/runs`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": "once" },
    body: JSON.stringify({ agent: "steady", input: "How many rows?", wait: true }),
  });

const runsOf = async (url: string) => runs.RunPage.parse(await (await fetch(`${url}/api/v1/runs`)).json()).items;

test("streams resume after kill -9: a run's, the server's, and the CLI's, with nothing missing and nothing twice; asked again, its start gives the same run", async () => {
  using place = workplace(await freePort());
  const first = await serve(place.path);
  await using killed = first.server;
  const { url } = first;
  const ready = await read(`${url}/api/v1/events`, "", (data) => data.includes('"ready"'));
  const unanswered = startOnce(url).then(
    () => "answered",
    () => "cut off",
  );
  await expect.poll(async () => (await runsOf(url)).length, { timeout: 60_000 }).toBe(1);
  const [{ id } = { id: "" }] = await runsOf(url);
  const events = `${url}/api/v1/runs/${id}/events`;
  await using watching = new CaxtonProcess(["run", "watch", id, "-o", "jsonl"], {
    cwd: place.path,
    environment: { CAXTON_SERVER: url },
  });
  // One reader leaves early, one late: the tool has its result and the model is running.
  const early = await read(events, "", (data) => data.includes('"running"'));
  const late = await read(
    events,
    "",
    (data) => data.includes('"tool":"csv_parser.describe"') && data.includes('"done"'),
  );
  await watching.printed(/"tool":"csv_parser.describe".*"state":"running"/);
  killed.kill("SIGKILL");
  await killed.ended();
  expect(await unanswered).toBe("cut off");
  writeFileSync(join(place.path, "script.json"), script(0));
  const second = await serve(place.path);
  await using server = second.server;
  void server;
  for (const before of [early, late]) {
    const rest = await read(events, lastId(before), isEnd);
    const ids = kept([...before, ...rest]);
    const whole = kept(await read(events, "", isEnd));
    expect(ids).toEqual(whole.filter((each) => ids.includes(each)));
    const steps = [...before, ...rest].map(asRun).flatMap((event) => (event.type === "step" ? [event.step] : []));
    expect(steps.filter((step) => step.kind === "tool" && step.state === "done")).toHaveLength(1);
    expect(steps.filter((step) => step.kind === "model" && step.state === "done")).toHaveLength(2);
    const text = rest
      .map(asRun)
      .reduce((known, event) => (event.type === "text-delta" ? known.slice(0, event.offset) + event.text : known), "");
    expect(["", WORDS]).toContain(text);
  }
  const again = await startOnce(url);
  expect(again.status).toBe(200);
  expect(await again.json()).toMatchObject({ id, state: "completed", output: WORDS });
  expect(again.headers.get("location")).toBe(`/api/v1/runs/${id}`);
  expect(await runsOf(url)).toHaveLength(1);
  const missed = (await read(`${url}/api/v1/events`, lastId(ready), hasEnded)).map(asServer);
  expect(missed.map(({ type }) => type)).not.toContain("reset");
  expect(missed.at(-1)).toMatchObject({ type: "run", run: { id, state: "completed" } });
  const { code, stdout } = await watching.ended();
  expect(code).toBe(0);
  const printed = stdout
    .trim()
    .split("\n")
    .map((line) => runs.RunStreamEvent.parse(JSON.parse(line)));
  expect(printed.at(-1)).toMatchObject({ type: "end", run: { output: WORDS, attempt: 2 } });
  expect(
    printed.filter((event) => event.type === "step" && event.step.kind === "tool" && event.step.state === "done"),
  ).toHaveLength(1);
}, 180_000);
